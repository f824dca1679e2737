#pragma once
#include <string>
#include <vector>

#include "index/document.h"
#include "index/search/opensearch/query_json.h"

namespace larmor::index::search::opensearch {

/// Reads what `_search` answered to query_json. Errors: Unavailable where it is not that.
Result<Answer> read_answer(const Query& query, std::string_view json);

/// An image set with its instances, as its document has them.
struct InstancesOfSet {
    std::string image_set_id;
    Values values;                  ///< of fields_of_sets()
    std::vector<Values> instances;  ///< of fields_of(Level::Instance)
};
struct InstancesAnswer {
    Answer counts;  ///< total and facets, where the page has them
    std::vector<InstancesOfSet> sets;
    std::string after;  ///< the sort values of the last one, as JSON
};
/// The same of instances_json.
Result<InstancesAnswer> read_instances(const Query& query, const DocumentPage& page,
                                       std::string_view json);

/// How many documents an answer counts.
Result<std::size_t> count_of_hits(std::string_view json);

/// Puts what `_search` answered to studies_json into the hits.
Result<void> read_studies(std::string_view json, std::vector<Hit>& hits);

/// The Study Instance UID of a hit; empty: none.
std::string study_of(const Hit& hit);

}  // namespace larmor::index::search::opensearch

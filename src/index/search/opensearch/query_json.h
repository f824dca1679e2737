#pragma once
#include <span>
#include <string>
#include <vector>

#include "index/search/query.h"

namespace larmor::index::search::opensearch {

/// The body of `_search` for a query of studies or series: at level Study one document stands
/// for all of its study.
std::string query_json(const Query& query);

/// What documents are sorted by, of their instances by the first one that matches; what is
/// equal in all of it is ordered by UID, so that pages fit together.
std::vector<Sort> order_of_documents(const Query& query);

/// Some of the documents of which instances match, in their order.
struct DocumentPage {
    std::size_t size = 0;
    std::string after{};  ///< the sort values of the last one, as JSON; empty: the first page
    bool has_counts = false;  ///< with the total and the facets of the query
};
/// The body of `_search` for such a page of a query of instances.
std::string instances_json(const Query& query, const DocumentPage& page);

/// The body that asks what studies have together, by their UIDs.
std::string studies_json(std::span<const std::string> study_uids);

/// The body that finds documents which lack the instances that they say to have: those of an
/// older mapping.
std::string without_instances_json();

}  // namespace larmor::index::search::opensearch

#pragma once
#include <string>

#include "index/search/query.h"

namespace larmor::index::search::opensearch {

/// Reads what `_search` answered to query_json. Errors: Unavailable where it is not that.
Result<Answer> read_answer(const Query& query, std::string_view json);

/// Puts what `_search` answered to studies_json into the hits.
Result<void> read_studies(std::string_view json, std::vector<Hit>& hits);

/// The Study Instance UID of a hit; empty: none.
std::string study_of(const Hit& hit);

}  // namespace larmor::index::search::opensearch

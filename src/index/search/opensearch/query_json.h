#pragma once
#include <span>
#include <string>

#include "index/search/query.h"

namespace larmor::index::search::opensearch {

/// The body of `_search` for a query: at level Study one document stands for all of its study.
/// Errors: Unsupported where it asks for what documents do not have (instances one by one).
Result<std::string> query_json(const Query& query);

/// The body that asks what studies have together, by their UIDs.
std::string studies_json(std::span<const std::string> study_uids);

}  // namespace larmor::index::search::opensearch

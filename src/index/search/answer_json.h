#pragma once
#include <string>

#include "index/search/query.h"

namespace larmor::index::search {

/// The body of the answer to POST /v1/search (docs/operating/search.md).
std::string to_json(const Query& query, const Answer& answer);

}  // namespace larmor::index::search

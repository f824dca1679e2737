#pragma once
#include <string_view>

#include "base/result.h"
#include "index/search/query.h"

namespace larmor::index::search {

/// Reads the body of POST /v1/search (docs/operating/search.md). Errors: InvalidInput and
/// LimitExceeded, which name the member as `filters.Modality` and never its value.
Result<Query> parse_query(std::string_view json);

}  // namespace larmor::index::search

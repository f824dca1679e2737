#pragma once
#include "base/result.h"
#include "catalog/search_clause.h"

namespace larmor::catalog {

/// Finds the rows of a page of a search, one more than its limit, in the order of its level:
/// one column, the row's id. Internal to catalog; its plans are tested.
/// Errors: InvalidInput for a condition below the level of the search.
Result<Clause> search_statement(const SearchQuery& query, Level level, db::Dialect dialect);

}  // namespace larmor::catalog

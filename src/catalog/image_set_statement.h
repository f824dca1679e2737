#pragma once
#include "catalog/image_set_query.h"
#include "catalog/search_clause.h"

namespace larmor::catalog {

/// Finds the rows of a page of image sets, one more than its limit, in its order. Internal to
/// catalog; its plans are tested.
Clause image_set_statement(const ImageSetQuery& query, db::Dialect dialect);

}  // namespace larmor::catalog

#pragma once
#include "catalog/image_set_query.h"
#include "catalog/search_clause.h"

namespace larmor::catalog {

/// Which rows are looked at first.
enum class FirstRows : std::uint8_t {
    InOrder,     ///< along the index of the order; those of a study or series that is named
    Created,     ///< created in the time that is asked for, sorted then
    Updated,     ///< the same of updated
    Studied,     ///< of studies in the time that is asked for
    NotPrimary,  ///< of which there are few
};
/// What would narrow the query beside its order: worth it where that leaves few.
std::vector<FirstRows> narrowing_rows(const ImageSetQuery& query);
/// Finds a row where there are at least `many` of those.
Clause find_many_first_rows(const ImageSetQuery& query, FirstRows first, std::int64_t many);

/// Finds the rows of a page of image sets, one more than its limit, in its order. On PostgreSQL
/// its planner decides which rows come first. Internal to catalog; its plans are tested.
Clause image_set_statement(const ImageSetQuery& query, db::Dialect dialect, FirstRows first);

}  // namespace larmor::catalog

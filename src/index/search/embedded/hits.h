#pragma once
#include "index/search/embedded/found.h"

namespace larmor::index::search::embedded {

/// How image sets are walked along where many match: InOrder, where there is an index of the
/// order that is asked for.
Way way_along_order(const Query& query);
/// ` ORDER BY ...` of hits: what is equal in all that is asked for is ordered by UID, so that
/// pages fit together. ByConditions: what was found is sorted, and no index is walked along.
void append_order(Clause& clause, const Query& query, Way way);
/// `SELECT ...` of what hit_of reads.
void append_select(Clause& clause, const Query& query);
Hit hit_of(const db::Query& row, const Query& query);
/// The hits of the page that is asked for, of a statement that gives all of them in their
/// order. Errors: those of the database.
Result<std::vector<Hit>> read_page(db::Snapshot& snapshot, const Query& query, Clause& clause);

/// A page of studies or series. Errors: those of the database.
Result<std::vector<Hit>> read_hits(db::Snapshot& snapshot, const Query& query,
                                   const Matching& matching, const Found& found);

}  // namespace larmor::index::search::embedded

#pragma once
#include "db/transaction.h"
#include "index/search/embedded/facet_cache.h"

namespace larmor::index::search::embedded {

/// Answers a query from the rows of schema.sql. `changes` is FacetCache::changes from before
/// the snapshot. Errors: those of the database.
Result<Answer> find(db::Snapshot& snapshot, const Query& query, FacetCache& cache,
                    std::uint64_t changes);

}  // namespace larmor::index::search::embedded

#pragma once
#include "db/transaction.h"
#include "index/search/query.h"

namespace larmor::index::search::embedded {

/// Answers a query from the rows of schema.sql. Errors: those of the database.
Result<Answer> find(db::Snapshot& snapshot, const Query& query);

}  // namespace larmor::index::search::embedded

#pragma once
#include <vector>

#include "catalog/catalog.h"
#include "db/database.h"
#include "objects/object_store.h"
#include "preprocess/prepare.h"

namespace larmor::preprocess {

/// Stores what was made of `batch` (results in the same order): all small objects with one
/// sync, all rows with one transaction. An instance that could not be prepared is marked with
/// the reason; where the stored bytes could not be read for a passing reason (Unavailable) the
/// batch fails and stays pending. Blocks. Errors: those of the store and of the database; then
/// nothing of the batch was recorded.
Result<void> store_prepared(db::Database& database, objects::ObjectStore& store,
                            catalog::Catalog& catalog,
                            const std::vector<catalog::StoredInstance>& batch,
                            std::vector<Result<PreparedInstance>> results);

}  // namespace larmor::preprocess

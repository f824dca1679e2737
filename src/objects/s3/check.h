#pragma once
#include "db/check.h"
#include "objects/s3/store.h"

namespace larmor::objects::s3 {

/// Every object's bytes in S3 against its row, uploads, and what lies under the prefix against
/// rows. Reads everything, `puts_max` objects at a time. The store must not be open elsewhere.
/// Errors: Unavailable, Denied and the like, with which nothing can be said.
Result<void> check_store(db::Check& check, const S3StoreOptions& options);

/// Removes what was put and never recorded.
Result<void> remove_leftovers(db::Database& database, const S3StoreOptions& options);

}  // namespace larmor::objects::s3

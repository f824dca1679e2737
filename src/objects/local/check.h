#pragma once
#include <filesystem>

#include "db/check.h"

namespace larmor::objects::local {

/// Every object's bytes; segments, files and uploads in the folder `store` against rows. The
/// store need not be one that could be opened. Memory: a page of rows and an entry a segment.
Result<void> check_store(db::Check& check, const std::filesystem::path& store);

/// Removes what uploads left. The store must not be open.
Result<void> remove_leftovers(db::Database& database, const std::filesystem::path& store);

}  // namespace larmor::objects::local

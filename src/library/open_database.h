#pragma once
#include <chrono>
#include <filesystem>
#include <memory>

#include "db/database.h"

namespace larmor {

/// The database of the library in `folder`, with every migration applied. No snapshot of it is
/// held longer than `read_limit`. Errors: those of open_sqlite and of Database::migrate.
Result<std::unique_ptr<db::Database>> open_database(
    const std::filesystem::path& folder,
    std::chrono::milliseconds read_limit = std::chrono::seconds(5));

}  // namespace larmor

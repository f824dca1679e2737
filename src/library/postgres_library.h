#pragma once
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "db/database.h"

namespace larmor {

/// `library.postgres`: says that the rows of the library in `folder` are in PostgreSQL, and of
/// which store its objects are.
std::filesystem::path marker_of(const std::filesystem::path& folder);

/// See open_database. The folder is locked as long as the database is open.
Result<std::unique_ptr<db::Database>> open_postgres_library(
    const std::filesystem::path& folder, const std::string& url,
    std::span<const db::MigrationSet> migrations);

}  // namespace larmor

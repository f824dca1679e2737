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

/// The database as one of several workers beside the process that owns the folder has it.
struct WorkerDatabase {
    std::unique_ptr<db::Database> database;
    /// `worker-1`, ...: nobody else has this name as long as the database is open, and who
    /// takes it next goes on with what is under it.
    std::string name;
};
/// Errors: NotFound where no library of PostgreSQL is in `folder`; LimitExceeded for more than
/// 64 workers; else as open_database.
Result<WorkerDatabase> open_worker_database(const std::filesystem::path& folder,
                                            const std::string& url,
                                            std::span<const db::MigrationSet> migrations);

}  // namespace larmor

#pragma once
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "db/database.h"
#include "library/postgres_library.h"

namespace larmor {

struct DatabaseOptions {
    std::string url{};  ///< of PostgreSQL; empty: `library.sqlite` in the folder
    /// No snapshot is held longer.
    std::chrono::milliseconds read_limit = std::chrono::seconds(5);
    /// See SqliteOptions.
    std::function<void(const Error&)> on_write_failure{};
    const std::atomic<bool>* fail_syncs = nullptr;
};

/// Errors: NotFound where there is no library in `folder`, Unsupported where its rows are in
/// PostgreSQL: for what works on a library of one file.
Result<void> check_rows_are_in(const std::filesystem::path& folder);

/// The database of the library in `folder`, with every migration applied. A folder has its rows
/// in one place for good, and a database of PostgreSQL is that of one folder: the folder's
/// objects are what its rows speak of. `library.postgres` in the folder has what both know.
/// Errors: Conflict where they do not belong together, or another process has the folder; those
/// of open_sqlite, open_postgres and Database::migrate.
Result<std::unique_ptr<db::Database>> open_database(const std::filesystem::path& folder,
                                                    DatabaseOptions options = {});

/// See open_worker_database of postgres_library.h. Errors: InvalidInput without a URL.
Result<WorkerDatabase> open_worker_database(const std::filesystem::path& folder,
                                            const std::string& url);

}  // namespace larmor

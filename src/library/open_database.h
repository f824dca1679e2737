#pragma once
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

#include "db/database.h"

namespace larmor {

struct DatabaseOptions {
    /// No snapshot is held longer.
    std::chrono::milliseconds read_limit = std::chrono::seconds(5);
    /// See SqliteOptions.
    std::function<void(const Error&)> on_write_failure{};
    const std::atomic<bool>* fail_syncs = nullptr;
};

/// The database of the library in `folder`, with every migration applied. Errors: those of
/// open_sqlite and of Database::migrate.
Result<std::unique_ptr<db::Database>> open_database(const std::filesystem::path& folder,
                                                    DatabaseOptions options = {});

}  // namespace larmor

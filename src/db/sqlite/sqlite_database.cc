#include "db/sqlite/sqlite_database.h"

#include <sqlite3.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "base/memory.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/library_lock.h"
#include "db/sqlite/log_vfs.h"
#include "db/sqlite/migrate.h"
#include "db/sqlite/page_cache.h"
#include "db/sqlite/reader_pool.h"
#include "db/sqlite/writer.h"

namespace larmor::db::sqlite {
namespace {

/// Once a process and before SQLite is used: savepoints keep the pages that they may have to
/// bring back in memory (a group is small), and SQLite's own count of memory, which takes a
/// lock on every allocation, is off.
void configure_sqlite() {
    static std::once_flag once;
    std::call_once(once, [] {
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
        install_page_cache();
        LARMOR_CHECK(sqlite3_initialize() == SQLITE_OK);
    });
}

class SqliteDatabaseImpl final : public SqliteDatabase {
public:
    SqliteDatabaseImpl(const SqliteOptions& options, LibraryLock lock)
        : options_(options),
          lock_(std::move(lock)),
          vfs_(options.wal_ahead_bytes, options.fail_syncs) {}

    Result<void> start() {
        // Through the map of the file SQLite looks a page up in all of the log whenever a
        // SELECT comes to it, also one that is in the cache: 400 us a receive in a log of 4 GB.
        const std::uint64_t cache = options_.cache_bytes > 0
                                        ? options_.cache_bytes
                                        : writer_cache_bytes(usable_memory());
        const Connection::Settings settings{vfs_.name(), cache, /*mmap_bytes=*/0};
        TRY(auto writing, connect(Connection::Mode::ReadWrite, settings));
        TRY_VOID(writing->execute("PRAGMA journal_mode=WAL"));
        TRY_VOID(check_is_library(*writing));
        TRY(auto checkpointing, connect(Connection::Mode::ReadWrite, settings));
        TRY(control_, connect(Connection::Mode::ReadWrite, settings));

        Connection::Settings reading = settings;
        reading.cache_bytes = options_.reader_cache_bytes;
        reading.mmap_bytes = options_.mmap_bytes;
        std::vector<std::unique_ptr<Connection>> readers;
        for (unsigned i = 0; i < options_.readers; ++i) {
            TRY(auto reader, connect(Connection::Mode::ReadOnly, reading));
            readers.push_back(std::move(reader));
        }
        readers_.emplace(std::move(readers),
                         ReaderPool::Limits{options_.read_limit, options_.reader_wait});
        writer_.emplace(std::move(writing), std::move(checkpointing),
                        WriterOptions{{options_.queued_max, options_.group_max},
                                      options_.wal_bytes,
                                      options_.on_write_failure});
        return {};
    }

    void before_commit(std::function<Result<void>(Transaction&)> hook) override {
        writer_->before_commit(std::move(hook));
    }
    Result<void> migrate(std::span<const MigrationSet> sets) override {
        return sqlite::migrate(*this, sets);
    }
    WriterStats stats() const override { return writer_->stats(); }
    void submit(WriteRequest& request) override { writer_->submit(request); }

    SqliteStats sqlite_stats() const override {
        return {vfs_.syncs.load(), vfs_.log_syncs.load(), writer_->checkpoints()};
    }
    Result<void> checkpoint() override {
        const std::lock_guard lock(control_mutex_);
        const int code = sqlite3_wal_checkpoint_v2(control_->handle(), nullptr,
                                                   SQLITE_CHECKPOINT_FULL, nullptr, nullptr);
        if (code == SQLITE_OK) return {};
        return tl::unexpected(error_of(code, control_->handle(), "checkpoint"));
    }

protected:
    Result<void> with_snapshot(const std::function<void(Snapshot&)>& f) override {
        return readers_->run(f);
    }

private:
    Result<std::unique_ptr<Connection>> connect(Connection::Mode mode,
                                                const Connection::Settings& settings) {
        return Connection::open(options_.path, mode, settings);
    }
    /// Another program's database is left alone. Source:
    /// sqlite.org/pragma.html#pragma_application_id
    static Result<void> check_is_library(Connection& connection) {
        constexpr std::int64_t kApplicationId = 0x4c61726d;  // "Larm"
        TRY(const auto id, connection.integer("PRAGMA application_id"));
        if (id == kApplicationId) return {};
        TRY(const auto tables, connection.integer("SELECT count(*) FROM sqlite_master"));
        if (id != 0 || tables != 0) {
            return fail(ErrorCode::Corrupt, "this file is a database of another program");
        }
        return connection.execute("PRAGMA application_id=" + std::to_string(kApplicationId));
    }

    const SqliteOptions options_;
    const LibraryLock lock_;
    // Ended in reverse order: the connections before the layer that they use.
    LogVfs vfs_;
    std::mutex control_mutex_;
    std::unique_ptr<Connection> control_;
    std::optional<ReaderPool> readers_;
    std::optional<Writer> writer_;
};

}  // namespace

std::uint64_t writer_cache_bytes(std::uint64_t memory) {
    return std::clamp(memory / 32, std::uint64_t{128} << 20, std::uint64_t{1} << 30);
}

Result<std::unique_ptr<SqliteDatabase>> open_sqlite(SqliteOptions options) {
    configure_sqlite();
    options.path = std::filesystem::absolute(options.path);
    const auto directory = options.path.parent_path();
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) return system_failure("make folder " + directory.string(), error.value());
    TRY_VOID(check_local_file_system(directory));
    TRY(LibraryLock lock, LibraryLock::take(options.path));
    auto database = std::make_unique<SqliteDatabaseImpl>(options, std::move(lock));
    TRY_VOID(database->start());
    // The name of a new file must be as durable as what will be written to it.
    TRY_VOID(sync_directory(directory));
    return database;
}

}  // namespace larmor::db::sqlite

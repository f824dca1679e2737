#include "library/postgres_library.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/ids.h"
#include "db/postgres/postgres_database.h"
#include "db/sqlite/library_lock.h"
#include "objects/object_rows.h"

namespace larmor {
namespace {

constexpr int kWorkersMax = 64;

/// The database with the lock on the folder of its objects, or on a worker's name.
class LockedDatabase final : public db::Database {
public:
    LockedDatabase(db::sqlite::LibraryLock lock, std::unique_ptr<db::Database> database)
        : lock_(std::move(lock)), database_(std::move(database)) {}

    void before_commit(std::function<Result<void>(db::Transaction&)> hook) override {
        database_->before_commit(std::move(hook));
    }
    Result<void> migrate(std::span<const db::MigrationSet> sets) override {
        return database_->migrate(sets);
    }
    db::WriterStats stats() const override { return database_->stats(); }
    db::Dialect dialect() const override { return database_->dialect(); }
    void submit(db::WriteRequest& request) override { database_->submit(request); }

protected:
    Result<void> with_snapshot(const std::function<void(db::Snapshot&)>& f) override {
        return database_->read([&](db::Snapshot& snapshot) -> Result<void> {
            f(snapshot);
            return {};
        });
    }

private:
    const db::sqlite::LibraryLock lock_;
    const std::unique_ptr<db::Database> database_;
};

/// What `library.postgres` holds.
struct Marker {
    objects::StoreId store{};
    bool is_new = false;
};

/// Made where the folder is new. Durable, before the database knows the id.
Result<Marker> marker_in(const std::filesystem::path& folder) {
    Marker marker;
    TRY(const UniqueFd file, open_file(marker_of(folder), O_RDWR | O_CREAT));
    TRY(const std::uint64_t size, size_of(file));
    if (size == marker.store.size()) {
        TRY_VOID(read_at(file, 0, marker.store));
        return marker;
    }
    marker.is_new = true;
    fill_random(marker.store);
    TRY_VOID(write_at(file, 0, marker.store));
    TRY_VOID(sync_data(file));
    TRY_VOID(sync_directory(folder));
    return marker;
}

Result<std::unique_ptr<db::Database>> open_migrated(
    const std::string& url, std::span<const db::MigrationSet> migrations) {
    if (!db::postgres::is_postgres_url(url)) {
        return fail(ErrorCode::InvalidInput, "--db takes postgres://host/name");
    }
    db::postgres::PostgresOptions options;
    options.url = url;
    TRY(std::unique_ptr<db::Database> database,
        db::postgres::open_postgres(std::move(options)));
    TRY_VOID(database->migrate(migrations));
    return database;
}

Result<void> check_together(const std::filesystem::path& folder, db::Database& database,
                            const Marker& marker) {
    TRY(const bool is_ours, objects::claim_store(database, marker.store));
    if (is_ours) return {};
    return fail(ErrorCode::Conflict,
                "this database has the rows of another folder than " + folder.string());
}

/// The first name that nobody has.
struct WorkerName {
    std::string name;
    db::sqlite::LibraryLock lock;
};
Result<WorkerName> take_worker_name(const std::filesystem::path& folder) {
    for (int number = 1; number <= kWorkersMax; ++number) {
        std::string name = "worker-" + std::to_string(number);
        auto lock = db::sqlite::LibraryLock::take(folder / name);
        if (lock) return WorkerName{std::move(name), *std::move(lock)};
        if (lock.error().code != ErrorCode::Conflict) return tl::unexpected(lock.error());
    }
    return fail(ErrorCode::LimitExceeded, "there are " + std::to_string(kWorkersMax) +
                                              " workers of this library on this machine, which "
                                              "is the limit");
}

}  // namespace

std::filesystem::path marker_of(const std::filesystem::path& folder) {
    return folder / "library.postgres";
}

Result<std::unique_ptr<db::Database>> open_postgres_library(
    const std::filesystem::path& folder, const std::string& url,
    std::span<const db::MigrationSet> migrations) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return system_failure("make folder " + folder.string(), error.value());
    TRY_VOID(db::sqlite::check_local_file_system(folder));
    TRY(auto lock, db::sqlite::LibraryLock::take(marker_of(folder)));
    TRY(auto database, open_migrated(url, migrations));
    TRY(const Marker marker, marker_in(folder));
    if (auto together = check_together(folder, *database, marker); !together) {
        // A folder that was new stays so: it may have been the wrong one.
        if (marker.is_new) std::filesystem::remove(marker_of(folder), error);
        return tl::unexpected(std::move(together).error());
    }
    return std::make_unique<LockedDatabase>(std::move(lock), std::move(database));
}

Result<WorkerDatabase> open_worker_database(const std::filesystem::path& folder,
                                            const std::string& url,
                                            std::span<const db::MigrationSet> migrations) {
    if (!std::filesystem::exists(marker_of(folder))) {
        return fail(ErrorCode::NotFound, "there is no library with its rows in PostgreSQL in " +
                                             folder.string() +
                                             ": the process that serves it makes it");
    }
    TRY(auto name, take_worker_name(folder));
    TRY(auto database, open_migrated(url, migrations));
    TRY(const Marker marker, marker_in(folder));
    TRY_VOID(check_together(folder, *database, marker));
    return WorkerDatabase{
        std::make_unique<LockedDatabase>(std::move(name.lock), std::move(database)),
        std::move(name.name)};
}

}  // namespace larmor

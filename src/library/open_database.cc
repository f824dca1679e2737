#include "library/open_database.h"

#include <array>

#include "auth/credentials.h"
#include "catalog/catalog.h"
#include "db/sqlite/sqlite_database.h"
#include "events/event_log.h"
#include "jobs/jobs.h"
#include "library/postgres_library.h"
#include "objects/migrations.h"
#include "queue/queues.h"

namespace larmor {
namespace {

bool is_there(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::exists(path, error);
}

Result<std::unique_ptr<db::Database>> open_embedded(const std::filesystem::path& folder,
                                                    DatabaseOptions options) {
    if (is_there(marker_of(folder))) {
        return fail(ErrorCode::Conflict, "the rows of the library in " + folder.string() +
                                             " are in PostgreSQL: say where with --db");
    }
    db::sqlite::SqliteOptions sqlite;
    sqlite.path = folder / "library.sqlite";
    sqlite.read_limit = options.read_limit;
    sqlite.on_write_failure = std::move(options.on_write_failure);
    sqlite.fail_syncs = options.fail_syncs;
    return db::sqlite::open_sqlite(std::move(sqlite));
}

auto all_migrations() {
    return std::array{objects::migrations(), events::migrations(), catalog::migrations(),
                      auth::migrations(),    queue::migrations(),  jobs::migrations()};
}

}  // namespace

Result<void> check_rows_are_in(const std::filesystem::path& folder) {
    if (is_there(folder / "library.sqlite")) return {};
    if (is_there(marker_of(folder))) {
        return fail(
            ErrorCode::Unsupported,
            "the rows of this library are in PostgreSQL, which has its own tools for it");
    }
    return fail(ErrorCode::NotFound, "there is no library in " + folder.string());
}

Result<std::unique_ptr<db::Database>> open_database(const std::filesystem::path& folder,
                                                    DatabaseOptions options) {
    const auto sets = all_migrations();
    if (!options.url.empty()) {
        if (is_there(folder / "library.sqlite")) {
            return fail(ErrorCode::Conflict, "the rows of the library in " + folder.string() +
                                                 " are in its own file: leave --db out");
        }
        return open_postgres_library(folder, options.url, sets);
    }
    TRY(auto database, open_embedded(folder, std::move(options)));
    TRY_VOID(database->migrate(sets));
    return database;
}

Result<WorkerDatabase> open_worker_database(const std::filesystem::path& folder,
                                            const std::string& url) {
    if (url.empty()) {
        return fail(ErrorCode::InvalidInput,
                    "several processes share a library whose rows are in PostgreSQL only: "
                    "--db says where");
    }
    return open_worker_database(folder, url, all_migrations());
}

}  // namespace larmor

#include "library/open_database.h"

#include <array>

#include "auth/credentials.h"
#include "catalog/catalog.h"
#include "db/sqlite/sqlite_database.h"
#include "events/event_log.h"
#include "objects/migrations.h"

namespace larmor {

Result<std::unique_ptr<db::Database>> open_database(const std::filesystem::path& folder,
                                                    DatabaseOptions options) {
    db::sqlite::SqliteOptions sqlite;
    sqlite.path = folder / "library.sqlite";
    sqlite.read_limit = options.read_limit;
    sqlite.on_write_failure = std::move(options.on_write_failure);
    sqlite.fail_syncs = options.fail_syncs;
    TRY(std::unique_ptr<db::Database> database, db::sqlite::open_sqlite(std::move(sqlite)));
    const std::array sets{objects::migrations(), events::migrations(), catalog::migrations(),
                          auth::migrations()};
    TRY_VOID(database->migrate(sets));
    return database;
}

}  // namespace larmor

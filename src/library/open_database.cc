#include "library/open_database.h"

#include <array>

#include "auth/credentials.h"
#include "catalog/catalog.h"
#include "db/sqlite/sqlite_database.h"
#include "events/event_log.h"
#include "objects/migrations.h"

namespace larmor {

Result<std::unique_ptr<db::Database>> open_database(const std::filesystem::path& folder,
                                                    std::chrono::milliseconds read_limit) {
    db::sqlite::SqliteOptions options;
    options.path = folder / "library.sqlite";
    options.read_limit = read_limit;
    TRY(std::unique_ptr<db::Database> database, db::sqlite::open_sqlite(std::move(options)));
    const std::array sets{objects::migrations(), events::migrations(), catalog::migrations(),
                          auth::migrations()};
    TRY_VOID(database->migrate(sets));
    return database;
}

}  // namespace larmor

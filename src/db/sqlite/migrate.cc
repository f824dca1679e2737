#include "db/sqlite/migrate.h"

#include "db/migration_plan.h"

namespace larmor::db::sqlite {

Result<void> migrate(Database& database, std::span<const MigrationSet> sets) {
    MigrationPlan plan(sets, Dialect::Sqlite);
    TRY_VOID(database.write_and_wait(MigrationPlan::make_table));
    TRY_VOID(database.read([&](Snapshot& snapshot) { return plan.compare(snapshot); }));
    for (const auto& step : plan.missing()) {
        TRY_VOID(database.write_and_wait(
            [&](Transaction& tx) { return MigrationPlan::apply(tx, step); }));
    }
    return {};
}

}  // namespace larmor::db::sqlite

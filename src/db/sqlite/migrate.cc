#include "db/sqlite/migrate.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"

namespace larmor::db::sqlite {
namespace {

struct Step {
    std::string_view module;
    Migration migration;
    std::string hash;
};

std::vector<Step> in_order(std::span<const MigrationSet> sets) {
    std::vector<Step> steps;
    for (const auto& set : sets) {
        for (const auto& migration : set.migrations) {
            steps.push_back({set.module, migration, to_hex(sha256(as_bytes(migration.sql)))});
        }
    }
    std::ranges::sort(steps, {}, [](const Step& step) { return step.migration.name; });
    return steps;
}

/// Name and hash of what was applied, of the modules that we know.
Result<std::map<std::string, std::string, std::less<>>> applied(
    Snapshot& snapshot, std::span<const MigrationSet> sets) {
    std::map<std::string, std::string, std::less<>> names;
    TRY(Query query, snapshot.prepare("SELECT name, sha256, module FROM schema_migrations"));
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return names;
        const bool ours = std::ranges::any_of(
            sets, [&](const MigrationSet& set) { return set.module == query.text(2); });
        if (ours) names.emplace(query.string(0), query.string(1));
    }
}

}  // namespace

Result<void> migrate(Database& database, std::span<const MigrationSet> sets) {
    const auto steps = in_order(sets);
    TRY_VOID(database.write_and_wait([](Transaction& tx) {
        return tx.run_script(
            "CREATE TABLE IF NOT EXISTS schema_migrations ("
            " name TEXT NOT NULL PRIMARY KEY,"
            " module TEXT NOT NULL,"
            " sha256 TEXT NOT NULL,"
            " applied TEXT NOT NULL)");
    }));
    TRY(const auto done,
        database.read([&](Snapshot& snapshot) { return applied(snapshot, sets); }));

    for (const auto& [name, hash] : done) {
        const auto step = std::ranges::find(
            steps, name, [](const Step& known) { return known.migration.name; });
        if (step == steps.end()) {
            return fail(
                ErrorCode::Conflict,
                "the library was written by a newer version of this program (it has the "
                "migration " +
                    name + ", which we do not know): use that version");
        }
        if (step->hash != hash) {
            return fail(
                ErrorCode::Conflict,
                "the migration " + name + " was changed after it was applied to this library");
        }
    }
    for (const auto& step : steps) {
        if (done.contains(step.migration.name)) continue;
        auto outcome = database.write_and_wait([&](Transaction& tx) -> Result<void> {
            TRY_VOID(tx.run_script(step.migration.sql));
            TRY_VOID(tx.run(
                "INSERT INTO schema_migrations (name, module, sha256, applied)"
                " VALUES (?1, ?2, ?3, ?4)",
                step.migration.name, step.module, step.hash, to_iso8601(system_clock().now())));
            return {};
        });
        if (!outcome) {
            return fail(outcome.error().code, "migration " + std::string(step.migration.name) +
                                                  ": " + outcome.error().message);
        }
    }
    return {};
}

}  // namespace larmor::db::sqlite

#include "db/migration_plan.h"

#include <algorithm>

#include "base/hash.h"

namespace larmor::db {
namespace {

using Applied = std::map<std::string, std::string, std::less<>>;

/// Name and hash of what was applied, of the modules that we know.
Result<Applied> applied(Snapshot& snapshot, std::span<const MigrationSet> sets) {
    Applied names;
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

MigrationPlan::MigrationPlan(std::span<const MigrationSet> sets, Dialect dialect)
    : sets_(sets) {
    for (const auto& set : sets) {
        for (const auto& migration : set.migrations) {
            const auto sql = dialect == Dialect::Sqlite ? migration.sql : migration.postgres;
            steps_.push_back({set.module, migration.name, sql, to_hex(sha256(as_bytes(sql)))});
        }
    }
    std::ranges::sort(steps_, {}, &Step::name);
}

Result<void> MigrationPlan::make_table(Transaction& tx) {
    return tx.run_script(
        "CREATE TABLE IF NOT EXISTS schema_migrations ("
        " name TEXT NOT NULL PRIMARY KEY,"
        " module TEXT NOT NULL,"
        " sha256 TEXT NOT NULL,"
        " applied TEXT NOT NULL)");
}

Result<void> MigrationPlan::compare(Snapshot& snapshot) {
    TRY(const Applied done, applied(snapshot, sets_));
    for (const auto& [name, hash] : done) {
        const auto step = std::ranges::find(steps_, name, &Step::name);
        if (step == steps_.end()) {
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
    missing_.clear();
    std::ranges::copy_if(steps_, std::back_inserter(missing_),
                         [&](const Step& step) { return !done.contains(step.name); });
    return {};
}

Result<void> MigrationPlan::apply(Transaction& tx, const Step& step) {
    const auto failed = [&](const Error& error) {
        return fail(error.code, "migration " + std::string(step.name) + ": " + error.message);
    };
    if (step.sql.empty()) {
        return failed({ErrorCode::Unsupported, "it has no text for this database"});
    }
    if (const auto ran = tx.run_script(step.sql); !ran) return failed(ran.error());
    const auto noted = tx.run(
        "INSERT INTO schema_migrations (name, module, sha256, applied)"
        " VALUES (?1, ?2, ?3, ?4)",
        step.name, step.module, step.hash, to_iso8601(system_clock().now()));
    if (!noted) return failed(noted.error());
    return {};
}

}  // namespace larmor::db

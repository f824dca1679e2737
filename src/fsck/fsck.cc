#include "fsck/fsck.h"

#include "catalog/check.h"
#include "events/check.h"

namespace larmor::fsck {
namespace {

/// SQLite's own look at pages, indexes and constraints. Its texts name tables, never values.
Result<void> check_database(db::Check& check) {
    // A server has its own (amcheck, data checksums), and enforces what rows belong to.
    if (check.database().dialect() == db::Dialect::Postgres) return {};
    return check.database().read([&](db::Snapshot& snapshot) -> Result<void> {
        {
            TRY(db::Query query, snapshot.prepare("PRAGMA integrity_check(100)"));
            for (;;) {
                TRY(const bool row, query.next());
                if (!row) break;
                if (query.text(0) != "ok") check.error("library.sqlite", query.string(0));
            }
        }
        TRY(db::Query query, snapshot.prepare("PRAGMA foreign_key_check"));
        for (;;) {
            TRY(const bool row, query.next());
            if (!row) return {};
            check.error("row " + std::to_string(query.int64(1)) + " of " + query.string(0),
                        "the row of " + query.string(2) + " that it belongs to is missing");
        }
    });
}

/// After a check, and of what it found only.
Result<void> repair(db::Check& check, const CheckOptions& options) {
    if (const auto count = check.to_repair(db::Repair::Counts); count > 0) {
        TRY_VOID(check.database().write_and_wait(&catalog::repair_counts));
        check.summary().repaired += count;
        check.summary().repaired_errors += count;
    }
    if (const auto count = check.to_repair(db::Repair::Leftovers); count > 0) {
        TRY_VOID(options.objects.remove_leftovers(check.database()));
        check.summary().repaired += count;
    }
    return {};
}

}  // namespace

std::string_view name_of(db::Severity severity) {
    return severity == db::Severity::Error ? "error" : "note";
}

Result<Summary> check(db::Database& database, const CheckOptions& options, Observer& observer) {
    db::Check all(database, observer);
    const auto run = [&](const Result<void>& done) -> Result<void> {
        // A damaged page ends one check, not the others.
        if (done || done.error().code != ErrorCode::Corrupt) return done;
        all.error("library.sqlite", done.error().message);
        return {};
    };
    TRY_VOID(run(check_database(all)));
    TRY_VOID(run(catalog::check_rows(all)));
    TRY_VOID(run(events::check_log(all)));
    TRY_VOID(run(catalog::check_pointers(all)));
    TRY_VOID(run(options.objects.check(all)));
    if (options.repair) TRY_VOID(repair(all, options));
    return all.summary();
}

}  // namespace larmor::fsck

#include "fsck/fsck.h"

#include <array>

#include "fsck/checks.h"

namespace larmor::fsck {
namespace {

/// SQLite's own look at pages, indexes and constraints. Its texts name tables, never values.
Result<void> check_database(Context& context) {
    return context.database().read([&](db::Snapshot& snapshot) -> Result<void> {
        {
            TRY(db::Query query, snapshot.prepare("PRAGMA integrity_check(100)"));
            for (;;) {
                TRY(const bool row, query.next());
                if (!row) break;
                if (query.text(0) != "ok") context.error("library.sqlite", query.string(0));
            }
        }
        TRY(db::Query query, snapshot.prepare("PRAGMA foreign_key_check"));
        for (;;) {
            TRY(const bool row, query.next());
            if (!row) return {};
            context.error("row " + std::to_string(query.int64(1)) + " of " + query.string(0),
                          "the row of " + query.string(2) + " that it belongs to is missing");
        }
    });
}

}  // namespace

std::string_view name_of(Severity severity) {
    return severity == Severity::Error ? "error" : "note";
}

Result<Summary> check(db::Database& database, const CheckOptions& options, Observer& observer) {
    Context context(database, options, observer);
    constexpr std::array kChecks{&check_database, &check_catalog, &check_events,
                                 &check_pointers, &check_objects};
    for (const auto one : kChecks) {
        const auto done = one(context);
        if (done) continue;
        // A damaged page ends one check, not the others.
        if (done.error().code != ErrorCode::Corrupt) return tl::unexpected(done.error());
        context.error("library.sqlite", done.error().message);
    }
    if (options.repair) TRY_VOID(repair(context));
    return context.summary();
}

}  // namespace larmor::fsck

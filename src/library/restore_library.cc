#include "library/restore_library.h"

#include "audit/log.h"
#include "auth/credentials.h"
#include "events/event_log.h"
#include "library/open_database.h"
#include "objects/object_rows.h"

namespace larmor {
namespace {

/// Gives how many tokens and sessions were revoked.
Result<std::int64_t> settle_rows(const std::filesystem::path& folder, RestoredTokens tokens) {
    TRY(const auto database, open_database(folder));
    TRY(const auto log, events::EventLog::open(*database));
    return database->write_and_wait([&](db::Transaction& tx) -> Result<std::int64_t> {
        TRY_VOID(objects::forget_uploads_and_garbage(tx));
        TRY_VOID(log->begin_epoch(tx));
        if (tokens == RestoredTokens::Keep) return std::int64_t{0};
        return auth::revoke_all(tx, system_clock().now());
    });
}

/// Before there is a library: nobody else can have the trail open.
Result<void> begin_trail(const std::filesystem::path& target, const backup::Summary& copied,
                         audit::Actor actor) {
    audit::LogOptions options;
    options.trail.folder = target / "audit";
    TRY(const auto log, audit::Log::open(std::move(options)));
    audit::Entry entry;
    entry.action = audit::Action::Store;
    entry.actor = std::move(actor);
    entry.route = "restore";
    entry.subject.instances = copied.instances;
    entry.detail = "a new library from backup " + std::to_string(copied.number) + " of " +
                   copied.created + "; what the old one put on record since is not in here";
    return log->record_and_wait(std::move(entry));
}

}  // namespace

Result<Restored> restore_library(const std::filesystem::path& directory,
                                 const std::filesystem::path& target, RestoredTokens tokens,
                                 audit::Actor actor, backup::Observer& observer) {
    Restored restored;
    TRY(restored.copied, backup::lay_down(directory, target, observer));
    TRY(restored.revoked, settle_rows(backup::unfinished_library(target), tokens));
    TRY_VOID(begin_trail(target, restored.copied, std::move(actor)));
    TRY_VOID(backup::finish_restore(target));
    return restored;
}

}  // namespace larmor

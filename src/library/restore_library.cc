#include "library/restore_library.h"

#include "events/event_log.h"
#include "library/open_database.h"
#include "objects/local/rows.h"

namespace larmor {
namespace {

Result<void> settle_rows(const std::filesystem::path& folder) {
    TRY(const auto database, open_database(folder));
    TRY(const auto log, events::EventLog::open(*database));
    return database->write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(objects::local::forget_uploads_and_garbage(tx));
        TRY_VOID(log->begin_epoch(tx));
        return {};
    });
}

}  // namespace

Result<backup::Summary> restore_library(const std::filesystem::path& directory,
                                        const std::filesystem::path& target,
                                        backup::Observer& observer) {
    TRY(const auto summary, backup::lay_down(directory, target, observer));
    TRY_VOID(settle_rows(backup::unfinished_library(target)));
    TRY_VOID(backup::finish_restore(target));
    return summary;
}

}  // namespace larmor

#include "library/record_act.h"

#include "audit/log.h"
#include "db/sqlite/library_lock.h"
#include "library/postgres_library.h"

namespace larmor {

Result<void> record_act(const std::filesystem::path& folder, audit::Entry entry) {
    auto rows = folder / "library.sqlite";
    std::error_code error;
    if (!std::filesystem::exists(rows, error)) rows = marker_of(folder);
    if (!std::filesystem::exists(rows, error)) {
        return fail(ErrorCode::NotFound, "there is no library in " + folder.string());
    }
    TRY(const auto lock, db::sqlite::LibraryLock::take(rows));
    audit::LogOptions options;
    options.trail.folder = folder / "audit";
    TRY(const auto log, audit::Log::open(std::move(options)));
    return log->record_and_wait(std::move(entry));
}

}  // namespace larmor

#include "library/check_library.h"

#include "library/open_database.h"

namespace larmor {

Result<fsck::Summary> check_library(const std::filesystem::path& folder, bool repair,
                                    fsck::Observer& observer) {
    TRY_VOID(check_rows_are_in(folder));
    // SQLite's own check of a large library is one long statement.
    TRY(const auto database, open_database(folder, {.read_limit = std::chrono::hours(24)}));
    return fsck::check(*database, {.objects = folder / "objects", .repair = repair}, observer);
}

}  // namespace larmor

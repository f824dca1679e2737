#include "library/check_library.h"

#include "library/open_database.h"

namespace larmor {

Result<fsck::Summary> check_library(const std::filesystem::path& folder, bool repair,
                                    fsck::Observer& observer) {
    const auto file = folder / "library.sqlite";
    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
        return fail(ErrorCode::NotFound, "there is no library in " + folder.string());
    }
    // SQLite's own check of a large library is one long statement.
    TRY(const auto database, open_database(folder, {.read_limit = std::chrono::hours(24)}));
    return fsck::check(*database, {.objects = folder / "objects", .repair = repair}, observer);
}

}  // namespace larmor

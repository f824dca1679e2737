#include "library/compact_library.h"

#include "library/open_database.h"
#include "library/open_store.h"

namespace larmor {

Result<objects::local::CompactSummary> compact_library(
    const std::filesystem::path& folder, double dead_min,
    objects::local::CompactObserver& observer) {
    TRY_VOID(check_rows_are_in(folder));
    TRY_VOID(check_objects_are_in(folder));
    // All rows of objects are read in one go.
    TRY(const auto database, open_database(folder, {.read_limit = std::chrono::hours(1)}));
    objects::local::LocalStoreOptions options;
    options.directory = folder / "objects";
    TRY(const auto store, objects::local::open_local_store(*database, std::move(options)));
    return objects::local::compact(*database, *store, folder / "objects", dead_min, observer);
}

}  // namespace larmor

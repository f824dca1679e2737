#pragma once
#include <filesystem>

#include "objects/local/compact.h"

namespace larmor {

/// Compacts the object store of the library in `folder`, which nobody else may have open: a
/// server keeps the places of objects in memory. Errors: NotFound; Conflict when somebody has
/// it open, or a backup runs; those of objects::local::compact.
Result<objects::local::CompactSummary> compact_library(
    const std::filesystem::path& folder, double dead_min,
    objects::local::CompactObserver& observer);

}  // namespace larmor

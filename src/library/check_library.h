#pragma once
#include <filesystem>

#include "fsck/fsck.h"

namespace larmor {

/// Checks the library in `folder`, with its database open and its object store not: also one
/// that the store would refuse. Errors: NotFound where there is no library; those of
/// Library::open for the database; those of fsck::check.
Result<fsck::Summary> check_library(const std::filesystem::path& folder, bool repair,
                                    fsck::Observer& observer);

}  // namespace larmor

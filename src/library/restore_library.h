#pragma once
#include "backup/backup.h"

namespace larmor {

/// Makes a library in `target`, which must be missing or empty, of the last complete backup in
/// `directory`. It begins a new epoch: events that the old library gave out since the backup
/// are void. Where it ends early, `target` holds no library. Errors: those of backup::lay_down.
Result<backup::Summary> restore_library(const std::filesystem::path& directory,
                                        const std::filesystem::path& target,
                                        backup::Observer& observer);

}  // namespace larmor

#pragma once
#include "audit/record.h"
#include "backup/backup.h"

namespace larmor {

/// What becomes of the tokens and sessions that worked when the backup was made. Its rows do
/// not know which of them were revoked since.
enum class RestoredTokens : bool { Revoke, Keep };

struct Restored {
    backup::Summary copied;
    std::int64_t revoked = 0;  ///< tokens and sessions
};

/// Makes a library in `target`, which must be missing or empty, of the last complete backup in
/// `directory`. It begins a new epoch: events that the old library gave out since the backup
/// are void. The audit trail of the backup goes on with a record of the restore by `actor`;
/// what the old library put on record since is not in it. Where it ends early, `target` holds
/// no library. Errors: those of backup::lay_down.
Result<Restored> restore_library(const std::filesystem::path& directory,
                                 const std::filesystem::path& target, RestoredTokens tokens,
                                 audit::Actor actor, backup::Observer& observer);

}  // namespace larmor

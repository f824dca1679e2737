#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace larmor::backup {

/// Told how it goes; called on the calling thread.
class Observer {
public:
    virtual ~Observer() = default;
    /// After each file: what was copied so far. False stops with Cancelled.
    virtual bool copied(std::uint64_t files, std::uint64_t bytes) = 0;
    /// An object whose bytes are not what its row says, or are gone: `where` is segment and
    /// byte, or a key. The rest is copied.
    virtual void damaged(const std::string& where, const std::string& what) = 0;
};

struct Summary {
    std::int64_t number = 0;  ///< of the backup in its folder, from 1
    std::uint64_t objects = 0;
    std::uint64_t instances = 0;
    std::uint64_t files_copied = 0;
    std::uint64_t bytes_copied = 0;
    std::uint64_t damaged = 0;
    std::string created;  ///< of the backup that was laid down, ISO 8601
};

/// Copies the library in `library` to `directory`, also while a server or an import has it
/// open: the rows as they are at one moment, then the objects that they name and `directory`
/// lacks, and last the audit trail. Files whose rows go meanwhile are kept until it ends. What
/// it copies is compared with its checksums. The backup counts from the moment when its
/// manifest has its name: until then, and if this ends anywhere before, `directory` holds the
/// one before it. Format: docs/formats/backup.md. Errors: NotFound (no library), Conflict
/// (another library's backup, or one that runs), NoSpace, Unavailable, Cancelled.
Result<Summary> backup(const std::filesystem::path& library,
                       const std::filesystem::path& directory, Observer& observer);

/// Lays down the last complete backup in `directory` as a library in `target`, which must be
/// missing or empty, but for its rows: these are at `unfinished_library(target)`, so that
/// nobody takes for a library what is none yet. With the audit trail of the backup, to go on
/// from its end. Errors: NotFound (no backup), Conflict (the
/// target is not empty), Corrupt (rows or a segment's file are damaged or gone), NoSpace,
/// Unavailable.
Result<Summary> lay_down(const std::filesystem::path& directory,
                         const std::filesystem::path& target, Observer& observer);

/// The folder of the database, for as long as the restore is not finished.
std::filesystem::path unfinished_library(const std::filesystem::path& target);

/// Makes the library one, durably. The database must be closed.
Result<void> finish_restore(const std::filesystem::path& target);

}  // namespace larmor::backup

#pragma once
#include <filesystem>

#include "base/file.h"

namespace larmor::db::sqlite {

/// Holds `<library>.lock` by flock(2) while it lives: the system lets go of it when the process
/// ends, however it ends. The file has the owner's pid and program for the message to others,
/// and is never removed (removing it would let two processes hold two files of one name).
class LibraryLock {
public:
    /// Errors: Conflict, with the owner's pid; Unavailable, NoSpace.
    static Result<LibraryLock> take(const std::filesystem::path& library);

private:
    explicit LibraryLock(UniqueFd file) : file_(std::move(file)) {}
    UniqueFd file_;
};

/// Errors: Unsupported, when `directory` lies on a network file system.
Result<void> check_local_file_system(const std::filesystem::path& directory);

}  // namespace larmor::db::sqlite

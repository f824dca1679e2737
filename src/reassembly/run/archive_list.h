#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace larmor::reassembly::run {

/// An archive of one side. Its key is its path as found; its number is its place in the list.
struct ArchiveFile {
    std::string key;
    std::uint64_t size_bytes = 0;
    std::int64_t modified_ns = 0;  ///< since the epoch of the file clock
    friend bool operator==(const ArchiveFile&, const ArchiveFile&) = default;
};

/// The archives that `paths` name, each once, in the order of their keys: files as they are,
/// and below folders those whose name ends as that of an archive (.tar, .tar.gz, .tgz,
/// .tar.zst, .tzst). Symbolic links to folders are not followed. Errors: NotFound for a path
/// that isn't there; LimitExceeded over 2^32 - 1 of them; those of reading folders.
Result<std::vector<ArchiveFile>> list_archives(const std::vector<std::filesystem::path>& paths);

}  // namespace larmor::reassembly::run

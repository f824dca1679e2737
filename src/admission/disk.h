#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/result.h"

namespace larmor::admission {

struct DiskSpace {
    std::uint64_t free_bytes = 0;  ///< for us, who are not root: f_bavail of statvfs(3)
    std::uint64_t total_bytes = 0;
};

using ReadDisk = std::function<Result<DiskSpace>()>;

/// Reads the file system that holds `folder`, anew with each call. Errors: Unavailable.
ReadDisk disk_of(std::filesystem::path folder);

/// What is kept free on a disk of this size where nobody says otherwise: 5 %, at least 64 MiB
/// and at most 1 GiB.
std::uint64_t default_reserve(std::uint64_t total_bytes);

}  // namespace larmor::admission

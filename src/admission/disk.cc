#include "admission/disk.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

namespace larmor::admission {

ReadDisk disk_of(std::filesystem::path folder) {
    return [path = folder.string()]() -> Result<DiskSpace> {
        struct statvfs status{};
        if (::statvfs(path.c_str(), &status) != 0) {
            return system_failure("look how much of the disk under " + path + " is free",
                                  errno);
        }
        return DiskSpace{std::uint64_t{status.f_bavail} * status.f_frsize,
                         std::uint64_t{status.f_blocks} * status.f_frsize};
    };
}

std::uint64_t default_reserve(std::uint64_t total_bytes) {
    constexpr std::uint64_t kLeast = std::uint64_t{64} << 20;
    constexpr std::uint64_t kMost = std::uint64_t{1} << 30;
    return std::clamp(total_bytes / 20, kLeast, kMost);
}

}  // namespace larmor::admission

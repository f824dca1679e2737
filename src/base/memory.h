#pragma once
#include <cstdint>
#include <filesystem>

namespace larmor {

/// Memory that this process may use, in bytes: the machine's, or what its control group or one
/// above it allows where that is less (a container, a service with a limit). `groups` is where
/// control groups lie, `own` names that of the process. Source: Control Group v2 of the Linux
/// kernel's documentation.
std::uint64_t usable_memory(const std::filesystem::path& groups = "/sys/fs/cgroup",
                            const std::filesystem::path& own = "/proc/self/cgroup");

}  // namespace larmor

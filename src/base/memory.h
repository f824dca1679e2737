#pragma once
#include <cstdint>
#include <filesystem>

namespace larmor {

/// Memory that this process may use, in bytes: the machine's, or what its control group allows
/// where that is less (a container). `group` is the folder of the group, with a file
/// `memory.max`. Source: Control Group v2 of the Linux kernel's documentation.
std::uint64_t usable_memory(const std::filesystem::path& group = "/sys/fs/cgroup");

}  // namespace larmor

#include "base/memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace larmor {

std::uint64_t usable_memory(const std::filesystem::path& group) {
    const auto machine = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    std::uint64_t limit = 0;
    // Where there is no group, or its limit is "max", nothing is read.
    if (std::ifstream(group / "memory.max") >> limit) return std::min(machine, limit);
    return machine;
}

}  // namespace larmor

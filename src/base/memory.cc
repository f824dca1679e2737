#include "base/memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

namespace larmor {
namespace {

/// The path of the group below `groups`, without a slash in front; empty where there is none.
std::filesystem::path path_of_group(const std::filesystem::path& own) {
    constexpr std::string_view kVersion2 = "0::/";
    std::ifstream lines(own);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(kVersion2)) return line.substr(kVersion2.size());
    }
    return {};
}

}  // namespace

std::uint64_t usable_memory(const std::filesystem::path& groups,
                            const std::filesystem::path& own) {
    auto usable = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
                  static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    const auto limit_by = [&usable](const std::filesystem::path& group) {
        std::uint64_t limit = 0;
        // Where there is no file, or it says "max", nothing is read.
        if (std::ifstream(group / "memory.max") >> limit) usable = std::min(usable, limit);
    };
    std::filesystem::path group = groups;
    limit_by(group);
    for (const auto& part : path_of_group(own)) {
        group /= part;
        limit_by(group);
    }
    return usable;
}

}  // namespace larmor

#pragma once
#include <cstdint>
#include <optional>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace larmor {

/// What is kept free of the library's disk; nothing: as much as is right for its size.
struct DiskReserve {
    std::optional<std::uint64_t> bytes;
};

/// `--disk-reserve`, for commands that open a library to store into it.
void add_disk_reserve(CLI::App& command, DiskReserve& reserve);

}  // namespace larmor

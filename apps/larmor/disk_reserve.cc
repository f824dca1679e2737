#include "larmor/disk_reserve.h"

#include <CLI/CLI.hpp>

namespace larmor {

void add_disk_reserve(CLI::App& command, DiskReserve& reserve) {
    command
        .add_option("--disk-reserve", reserve.bytes,
                    "nothing is stored while the disk has less free than this, such as 500MB; "
                    "5 % of it, 64 MiB to 1 GiB, unless you say otherwise")
        ->transform(CLI::AsSizeValue(false))
        ->envname("LARMOR_DISK_RESERVE");
}

}  // namespace larmor

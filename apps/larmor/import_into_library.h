#pragma once
#include "ingest/import_paths.h"
#include "larmor/command.h"
#include "larmor/import_report.h"

namespace larmor {

struct ImportWork {
    std::vector<std::filesystem::path> paths;
    bool no_previews = false;
    std::string objects{};  ///< see LibraryOptions
    std::optional<std::uint64_t>
        disk_reserve_bytes{};  ///< nothing: as much as is right for the disk
};

/// Imports into the library that the settings name: opens it, or where a server has it open,
/// goes through that server, which makes previews in its own time. Errors: those of opening;
/// Cancelled after SIGINT or SIGTERM.
Result<ingest::ImportTally> import_into_library(const Settings& settings,
                                                const ImportWork& work, ImportReport& report);

}  // namespace larmor

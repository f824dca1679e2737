#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "admission/admission.h"
#include "base/clock.h"

namespace larmor {

enum class ProcessRole : std::uint8_t {
    Owner,   ///< of the folder: one at a time
    Worker,  ///< beside the owner, on PostgreSQL: any number, on the owner's machine
};

struct LibraryOptions {
    std::filesystem::path folder;
    /// URL of PostgreSQL; empty: the rows are in `library.sqlite` in the folder.
    std::string database{};
    /// Where its objects are, `s3://...`; empty: where they are already, a new library's in the
    /// folder. See objects/s3/address.h.
    std::string objects{};
    /// Places in S3, `s3://BUCKET/PREFIX?endpoint=URL`, in which imports that are asked for by
    /// HealthImaging's API may read and write.
    std::vector<std::string> import_places{};
    ProcessRole role = ProcessRole::Owner;
    unsigned threads = 0;  ///< of the worker pool; 0: as many as processors
    unsigned background_threads = 1;
    const Clock* clock = &system_clock();
    /// Of the disk, kept free when nothing more is stored; nothing: admission::default_reserve.
    std::optional<std::uint64_t> disk_reserve_bytes{};
    /// Stores, changes and prepares nothing. Sign-in, tokens and the audit trail go on.
    bool read_only = false;
    /// For tests: in place of the disk under `folder`, asked each time; and true makes syncs of
    /// rows, objects or the audit trail fail.
    admission::ReadDisk read_disk{};
    const std::atomic<bool>* fail_row_syncs = nullptr;
    const std::atomic<bool>* fail_object_syncs = nullptr;
    const std::atomic<bool>* fail_audit_syncs = nullptr;
};

}  // namespace larmor

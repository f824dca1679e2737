#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "db/database.h"
#include "objects/object_store.h"

namespace larmor::objects::local {

struct LocalStoreOptions {
    std::filesystem::path directory{};  ///< made where missing; on a local file system
    std::uint64_t small_max_bytes = 1 << 20;
    /// Segments are made whole, in advance; the first is small and each one twice as large as
    /// the last, up to `segment_max_bytes`.
    std::uint64_t segment_first_bytes = 4ULL << 20;
    std::uint64_t segment_max_bytes = 64ULL << 20;
    std::uint64_t group_max_bytes = 8ULL << 20;  ///< of one write
    /// Longer than any read or upload takes: bytes without a row, and uploads without a record,
    /// are removed after it.
    std::chrono::microseconds grace = std::chrono::hours(24);
    std::size_t open_files_max = 256;  ///< descriptors kept for reading
    const Clock* clock = &system_clock();
    /// Who writes; of one name there is one process at a time. Those of several share the
    /// objects over PostgreSQL and leave each other's open segments and uploads alone.
    std::string writer{};
    /// How many bytes of the disk may be taken ahead for a segment: near a full disk segments
    /// are made smaller. None: as many as there are.
    std::function<std::uint64_t()> spare_bytes{};
    /// Called once, on any thread, when a write or sync failed and nothing more is written;
    /// must be quick and must not touch the store.
    std::function<void(const Error&)> on_write_failure{};
    const std::atomic<bool>* fail_syncs = nullptr;  ///< for tests: true makes syncs fail
};

/// Counts since the store was opened, for metrics and tests.
struct LocalStoreStats {
    std::uint64_t groups = 0;             ///< fdatasync calls on segments
    std::uint64_t records = 0;            ///< staged into segments
    std::uint64_t bytes = 0;              ///< written to segments, headers and padding included
    std::uint64_t group_records_max = 0;  ///< made durable by one of them
};

class LocalStore : public ObjectStore {
public:
    virtual LocalStoreStats stats() const = 0;
    /// Lets the row of a small object point at an equal copy, `staged`, in place of `from`. The
    /// transaction commits when the copy is durable. Nobody may hold its location: for
    /// compaction. Errors: Conflict when the object is not at `from`.
    virtual Result<void> relocate(db::Transaction& tx, ObjectId id, const ObjectLocation& from,
                                  const StagedObject& staged) = 0;
};

/// Opens or makes the store. Its rows live in `database`, whose migrations (`migrations()` of
/// objects) must have run; both must outlive it. Reads the tail of the last segment behind its
/// last recorded row, so that new records never lie behind a torn one, and removes what uploads
/// of an earlier process left. Format: docs/formats/segment.md. Errors: Unavailable, NoSpace,
/// Corrupt (a segment that rows name is missing or foreign).
Result<std::unique_ptr<LocalStore>> open_local_store(db::Database& database,
                                                     LocalStoreOptions options);

}  // namespace larmor::objects::local

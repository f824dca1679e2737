#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "objects/local/local_store.h"

namespace larmor::objects::local {

struct CompactSummary {
    std::uint64_t segments_removed = 0;
    std::uint64_t objects_moved = 0;
    std::uint64_t bytes_moved = 0;
    std::uint64_t bytes_freed = 0;  ///< of the files that were removed
    std::uint64_t segments_damaged = 0;
};

class CompactObserver {
public:
    virtual ~CompactObserver() = default;
    /// After each step: copies written, rows switched, row of a segment gone, its file gone.
    /// False stops with Cancelled; what was done stays.
    virtual bool step(const CompactSummary& so_far) = 0;
    /// An object that is not what its row says: its segment is left as it is.
    virtual void damaged(const std::string& where, const std::string& what) = 0;
};

/// Rewrites the sealed segments of which at least the share `dead_min` (0 to 1) is dead space:
/// what lives in them goes to new segments, and their files are removed. Ended anywhere, by
/// kill or power cut too, everything is where its row says: copies are durable before rows
/// point at them, and rows before a file goes; what is left over the next compaction removes.
/// Takes about the room of one segment. `store` must be open over `directory` and `database`,
/// and nobody else may use them. Errors: Conflict while a backup runs; NoSpace; Unavailable;
/// Cancelled.
Result<CompactSummary> compact(db::Database& database, LocalStore& store,
                               const std::filesystem::path& directory, double dead_min,
                               CompactObserver& observer);

}  // namespace larmor::objects::local

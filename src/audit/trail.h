#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "audit/anchor.h"
#include "audit/chain.h"
#include "audit/record.h"
#include "base/file.h"

namespace larmor::audit {

struct TrailOptions {
    std::filesystem::path folder;  ///< `audit` in the library's folder; made when missing
    std::uint64_t file_max_bytes = std::uint64_t{64} << 20;  ///< then comes the next file
    /// Blocks that are reserved ahead of what is written, so that a disk that others have
    /// filled still takes a few thousand records.
    std::uint64_t reserve_bytes = std::uint64_t{4} << 20;
    /// Makes syncs fail, for tests; not owned.
    const std::atomic<bool>* fail_syncs = nullptr;
};

/// The files of an audit trail while they are written: batches appended to the last file, one
/// sync each. Nothing is ever removed or written over. For one thread. See
/// docs/formats/audit.md.
class Trail {
public:
    /// Opens the trail, or begins it. A torn batch at the end was never acknowledged: it is cut
    /// off, kept in a file beside it, and told in `alerts`. A file that was damaged or cut is
    /// left as it is, told, and a new one is begun behind it. Errors: those of the disk.
    static Result<Trail> open(TrailOptions options);

    /// Numbers the records, appends them as one batch and syncs it. Errors: NoSpace when the
    /// disk is full: nothing was written, try again; Unavailable when a write or a sync failed,
    /// now or earlier: nobody knows what the disk holds until the program was restarted.
    Result<void> append(std::vector<Record>& records);

    /// What was found when it was opened, in words.
    const std::vector<std::string>& alerts() const { return alerts_; }
    Anchor anchor() const { return {.trail = trail_, .file = number_, .end = end_}; }
    /// Writes the anchor where the trail has gone on since the last time.
    Result<void> write_anchor();

private:
    explicit Trail(TrailOptions options) : options_(std::move(options)) {}
    Result<void> recover(std::uint64_t last);
    Result<void> cut_torn(const UniqueFd& file, Bytes tail);
    void note_what_is_missing();
    Result<void> begin_file();
    Result<void> write_batch(const std::string& batch);
    void reserve();

    TrailOptions options_;
    std::optional<Anchor> anchored_;  ///< as it stands in its file
    std::vector<std::string> alerts_;
    std::string trail_;
    std::uint64_t number_ = 0;  ///< of the last file; 0: there is none yet
    UniqueFd file_;             ///< none: the next batch begins a file
    std::uint64_t size_bytes_ = 0;
    std::uint64_t reserved_bytes_ = 0;
    ChainEnd end_;
    std::int64_t day_ = 0;  ///< of the last batch, since 1970 in UTC
    std::optional<Error> broken_;
};

}  // namespace larmor::audit

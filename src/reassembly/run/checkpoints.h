#pragma once
#include <chrono>
#include <mutex>

#include "reassembly/run/checkpoint.h"
#include "reassembly/run/frame_file.h"
#include "reassembly/run/metadata_store.h"
#include "reassembly/run/output.h"

namespace larmor::reassembly::run {

/// Takes checkpoints while threads go through archives. Safe from any thread.
class Checkpoints {
public:
    struct Parts {
        Output& output;
        MetadataStore& store;
        RowSorter& events;
        FrameFile& frames;
    };
    /// `begun`: where this attempt began.
    Checkpoints(const Parts& parts, Checkpoint begun, std::chrono::milliseconds interval);

    /// An archive was read whole and nothing of it is held back. Takes a checkpoint when one is
    /// due and no other thread is at it. Errors: those of writing.
    Result<void> archive_done(Side side, std::uint32_t number, std::uint64_t members);
    /// When all archives of a side are done, and their threads. In a run so short that no
    /// checkpoint was due, nothing is written: `last` is only what is done, and the run begins
    /// again when it is broken off.
    Result<void> side_done(Side side);
    const Checkpoint& last() const { return last_; }

private:
    struct Done {
        Side side;
        std::uint32_t number;
        std::uint64_t members;
    };
    bool is_due() const;
    Result<void> take(std::optional<Side> finished_side);
    /// False where there is nothing yet that a run could go on with.
    Result<bool> save(Checkpoint& next, std::optional<Side> finished_side);

    Parts parts_;
    std::chrono::milliseconds interval_;
    std::mutex taking_;  ///< over all below but `done_`
    Checkpoint last_;
    bool is_written_;  ///< a checkpoint, by this attempt or one before
    std::chrono::steady_clock::time_point taken_;
    std::mutex done_mutex_;
    std::vector<Done> done_;  ///< since the last one
};

}  // namespace larmor::reassembly::run

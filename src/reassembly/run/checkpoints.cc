#include "reassembly/run/checkpoints.h"

#include <utility>

namespace larmor::reassembly::run {

Checkpoints::Checkpoints(const Parts& parts, Checkpoint begun,
                         std::chrono::milliseconds interval)
    : parts_(parts),
      interval_(interval),
      last_(std::move(begun)),
      is_written_(last_.spool.size_bytes > 0),
      taken_(std::chrono::steady_clock::now()) {}

Result<void> Checkpoints::archive_done(Side side, std::uint32_t number, std::uint64_t members) {
    {
        const std::scoped_lock lock(done_mutex_);
        done_.push_back({side, number, members});
    }
    const std::unique_lock lock(taking_, std::try_to_lock);
    if (!lock || !is_due()) return {};
    return take(std::nullopt);
}

bool Checkpoints::is_due() const {
    return std::chrono::steady_clock::now() - taken_ >= interval_;
}

Result<void> Checkpoints::side_done(Side side) {
    const std::scoped_lock lock(taking_);
    return take(side);
}

Result<void> Checkpoints::take(std::optional<Side> finished_side) {
    // Only what was done before all else below is safe by it.
    std::vector<Done> done;
    {
        const std::scoped_lock lock(done_mutex_);
        done = done_;
    }
    auto next = last_;
    // Once there is a checkpoint, what follows a side must find all of it durable: it moves and
    // removes files, as somebody who goes on from there must be able to do again.
    const bool is_kept = is_written_ || is_due() || !parts_.store.begun();
    if (is_kept) {
        TRY(const bool is_saved, save(next, finished_side));
        if (!is_saved) return {};
    }
    for (const auto& one : done) {
        next.archive(one.side, one.number) = {next.attempt(), one.members};
    }
    if (is_kept) {
        TRY_VOID(parts_.output.write_checkpoint(encode_checkpoint(next)));
        is_written_ = true;
        taken_ = std::chrono::steady_clock::now();
    }
    last_ = std::move(next);
    const std::scoped_lock lock(done_mutex_);
    done_.erase(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(done.size()));
    return {};
}

Result<bool> Checkpoints::save(Checkpoint& next, std::optional<Side> finished_side) {
    const bool is_metadata = !next.all_done(Side::Metadata);
    // Also where the end of that side wrote none.
    if (finished_side == Side::Metadata || (!is_metadata && !is_written_)) {
        TRY(next.spool, parts_.store.seal());
    } else if (is_metadata) {
        TRY(const auto mark, parts_.store.save());
        if (!mark) return false;
        next.spool = *mark;
    }
    if (!is_metadata) {
        TRY(next.frames_end, parts_.frames.save());
        TRY_VOID(parts_.output.sync());
    }
    TRY(next.events, parts_.events.save());
    return true;
}

}  // namespace larmor::reassembly::run

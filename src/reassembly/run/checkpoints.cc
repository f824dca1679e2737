#include "reassembly/run/checkpoints.h"

#include <utility>

namespace larmor::reassembly::run {

Checkpoints::Checkpoints(const Parts& parts, Checkpoint begun,
                         std::chrono::milliseconds interval)
    : parts_(parts),
      interval_(interval),
      last_(std::move(begun)),
      taken_(std::chrono::steady_clock::now()) {}

Result<void> Checkpoints::archive_done(Side side, std::uint32_t number, std::uint64_t members) {
    {
        const std::scoped_lock lock(done_mutex_);
        done_.push_back({side, number, members});
    }
    if (!parts_.output.keeps_checkpoints()) return {};
    const std::unique_lock lock(taking_, std::try_to_lock);
    if (!lock || std::chrono::steady_clock::now() - taken_ < interval_) return {};
    return take(std::nullopt);
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
    if (parts_.output.keeps_checkpoints()) {
        TRY(const bool is_saved, save(next, finished_side));
        if (!is_saved) return {};
    }
    for (const auto& one : done) {
        next.archive(one.side, one.number) = {next.attempt(), one.members};
    }
    if (parts_.output.keeps_checkpoints()) {
        TRY_VOID(parts_.output.write_checkpoint(encode_checkpoint(next)));
    }
    last_ = std::move(next);
    taken_ = std::chrono::steady_clock::now();
    const std::scoped_lock lock(done_mutex_);
    done_.erase(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(done.size()));
    return {};
}

Result<bool> Checkpoints::save(Checkpoint& next, std::optional<Side> finished_side) {
    const bool is_metadata = !next.all_done(Side::Metadata);
    if (finished_side == Side::Metadata) {
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

#include "db/sqlite/checkpoint_policy.h"

namespace larmor::db::sqlite {
namespace {

/// Commits wait when the log is that many times as long as it should be.
constexpr std::uint64_t kLogPagesFactor = 4;
/// 16 MiB: some 20 ms of a disk, for which commits wait.
constexpr std::uint64_t kRestPagesMax = 4096;
/// Tries that achieve nothing take at most that share of a processor.
constexpr int kTriesShare = 100;

}  // namespace

CheckpointPolicy::CheckpointPolicy(std::uint64_t log_pages_max)
    : log_pages_max_(log_pages_max), due_at_pages_(log_pages_max) {}

bool CheckpointPolicy::is_due(std::uint64_t log_pages, Clock::time_point now) const {
    return log_pages >= due_at_pages_ &&
           (log_pages >= patient_until_pages_ || now >= patient_until_);
}

bool CheckpointPolicy::commits_wait(std::uint64_t log_pages) const {
    // Never in vain: patience ends at 5/4 of the pages from which on this is counted.
    return log_pages >= kLogPagesFactor * due_at_pages_;
}

bool CheckpointPolicy::ends_between_commits(std::uint64_t log_pages,
                                            const CheckpointTry& attempt) {
    // A short read that began a moment before the try holds little back and is over by now.
    return log_pages <= attempt.copied_pages + kRestPagesMax;
}

void CheckpointPolicy::tried(std::uint64_t log_pages, const CheckpointTry& attempt) {
    const bool achieved_nothing =
        attempt.is_held_back() && attempt.copied_pages <= copied_pages_;
    copied_pages_ = attempt.copied_pages;
    patient_until_pages_ = 0;
    // Commits were quicker than the disk: again at once, and they wait if that goes on.
    if (!attempt.is_held_back()) return;
    // Most readers end within milliseconds.
    due_at_pages_ = log_pages + log_pages_max_ / 8 + 1;
    if (!achieved_nothing) return;
    patient_until_pages_ = log_pages + log_pages / 4;
    patient_until_ = attempt.ended + kTriesShare * attempt.took;
}

void CheckpointPolicy::copied_all() {
    copied_pages_ = 0;
    due_at_pages_ = log_pages_max_;
    patient_until_pages_ = 0;
}

}  // namespace larmor::db::sqlite

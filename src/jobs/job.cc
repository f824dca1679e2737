#include "jobs/job.h"

#include <algorithm>
#include <array>

namespace larmor::jobs {
namespace {

constexpr std::array<std::string_view, 5> kStateNames = {"queued", "running", "succeeded",
                                                         "failed", "cancelled"};

}  // namespace

std::string_view name_of(JobState state) {
    return kStateNames.at(static_cast<std::size_t>(state));
}

Result<JobState> parse_job_state(std::string_view name) {
    const auto found = std::ranges::find(kStateNames, name);
    if (found == kStateNames.end()) {
        return fail(ErrorCode::InvalidInput,
                    "the state of a job is queued, running, succeeded, failed or cancelled");
    }
    return static_cast<JobState>(found - kStateNames.begin());
}

std::optional<double> Job::rate() const {
    if (progress.done <= 0 || worked.count() <= 0) return std::nullopt;
    return static_cast<double>(progress.done) / std::chrono::duration<double>(worked).count();
}

std::optional<std::chrono::microseconds> Job::time_left() const {
    const auto per_second = rate();
    if (state != JobState::Running || !progress.total || !per_second) return std::nullopt;
    const auto left = std::max<std::int64_t>(*progress.total - progress.done, 0);
    return std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::duration<double>(static_cast<double>(left) / *per_second));
}

}  // namespace larmor::jobs

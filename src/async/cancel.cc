#include "async/cancel.h"

#include <algorithm>

#include "async/completion.h"

namespace larmor::async {

/// Ends when the time has passed, somebody rang or the source was cancelled, whichever came
/// first.
struct Alarm::Sleeper {
    std::atomic<bool> ended{false};
    Completion<bool> slept;
    void end(bool whole) {
        if (!ended.exchange(true, std::memory_order_acq_rel)) slept.set(whole);
    }
};

Alarm::Alarm() : sleeper_(std::make_shared<Sleeper>()) {}

void Alarm::ring() const {
    sleeper_->end(true);
}

Result<void> CancelToken::check(std::string_view what) const {
    if (!cancelled()) return {};
    return fail(ErrorCode::Cancelled, "stopped while " + std::string(what));
}

Task<bool> CancelToken::sleep(std::chrono::nanoseconds duration) const {
    if (!state_) {
        co_await sleep_for(duration);
        co_return true;
    }
    const Alarm alarm;
    co_return co_await sleep(duration, alarm);
}

Task<bool> CancelToken::sleep(std::chrono::nanoseconds duration, Alarm alarm) const {
    const auto state = state_;
    const auto sleeper = alarm.sleeper_;
    if (state) {
        const std::lock_guard lock(state->mutex);
        if (state->cancelled.load(std::memory_order_acquire)) co_return false;
        state->sleepers.push_back(sleeper);
    }
    // The timer stays in the executor after a cancel and then finds the sleeper ended.
    Executor::current()->post_at(std::chrono::steady_clock::now() + duration,
                                 [sleeper] { sleeper->end(true); });
    const bool whole = co_await sleeper->slept;
    if (state) {
        const std::lock_guard lock(state->mutex);
        std::erase(state->sleepers, sleeper);
    }
    co_return whole;
}

CancelSource::CancelSource() : state_(std::make_shared<CancelToken::State>()) {}

CancelToken CancelSource::token() const {
    return CancelToken(state_);
}

void CancelSource::cancel() {
    std::vector<std::shared_ptr<Alarm::Sleeper>> sleepers;
    {
        const std::lock_guard lock(state_->mutex);
        state_->cancelled.store(true, std::memory_order_release);
        sleepers.swap(state_->sleepers);
    }
    for (const auto& sleeper : sleepers) sleeper->end(false);
}

std::chrono::nanoseconds Deadline::remaining() const {
    if (when_ == SteadyTime::max()) return std::chrono::nanoseconds::max();
    return std::max(std::chrono::nanoseconds(0),
                    std::chrono::nanoseconds(when_ - std::chrono::steady_clock::now()));
}

Result<void> Deadline::check(std::string_view what) const {
    if (!expired()) return {};
    return fail(ErrorCode::Unavailable, "took too long: " + std::string(what));
}

}  // namespace larmor::async

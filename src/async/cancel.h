#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "async/executor.h"

namespace larmor::async {

/// Ends one sleep before its time. Copies are the same alarm; `ring` from any thread, any
/// number of times, also before the sleep begins.
class Alarm {
public:
    Alarm();
    void ring() const;

private:
    friend class CancelToken;
    friend class CancelSource;
    struct Sleeper;
    std::shared_ptr<Sleeper> sleeper_;
};

/// Asks work to stop: made by a CancelSource, copied freely, looked at from any thread. A
/// default token is never cancelled.
class CancelToken {
public:
    CancelToken() = default;
    bool cancelled() const {
        return state_ && state_->cancelled.load(std::memory_order_acquire);
    }
    /// Errors: Cancelled, with what was being done. For TRY_VOID in loops.
    Result<void> check(std::string_view what) const;

    /// Sleeps on the awaiter's executor; true when the time passed, false when cancelled
    /// before.
    Task<bool> sleep(std::chrono::nanoseconds duration) const;
    /// The same, until `alarm` rings: then true too.
    Task<bool> sleep(std::chrono::nanoseconds duration, Alarm alarm) const;

private:
    friend class CancelSource;
    struct State {
        std::atomic<bool> cancelled{false};
        std::mutex mutex;
        std::vector<std::shared_ptr<Alarm::Sleeper>> sleepers;
    };
    explicit CancelToken(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
};

class CancelSource {
public:
    CancelSource();
    CancelToken token() const;
    /// Any thread, any number of times. Wakes sleepers.
    void cancel();

private:
    std::shared_ptr<CancelToken::State> state_;
};

/// A point in time by which something must be done.
class Deadline {
public:
    static Deadline never() { return Deadline(SteadyTime::max()); }
    static Deadline at(SteadyTime when) { return Deadline(when); }
    static Deadline after(std::chrono::nanoseconds duration) {
        return Deadline(std::chrono::steady_clock::now() + duration);
    }
    bool expired() const { return std::chrono::steady_clock::now() >= when_; }
    /// 0 when expired.
    std::chrono::nanoseconds remaining() const;
    SteadyTime when() const { return when_; }
    /// Errors: Unavailable, with `what` took too long.
    Result<void> check(std::string_view what) const;

private:
    explicit Deadline(SteadyTime when) : when_(when) {}
    SteadyTime when_;
};

}  // namespace larmor::async

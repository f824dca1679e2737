#pragma once
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor {

using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/// Time, given to whoever needs it so that tests can move it. Safe from any thread.
class Clock {
public:
    virtual ~Clock() = default;
    /// Wall-clock time: for what people read. It jumps when somebody sets it.
    virtual Time now() const = 0;
    /// Rises evenly whatever is done to the wall clock, also while the machine sleeps, from an
    /// unknown start: for how long something has lasted. Means nothing to another process.
    virtual std::chrono::microseconds uptime() const = 0;
};

/// The machine's clock.
const Clock& system_clock();

/// A clock that moves when told to.
class ManualClock final : public Clock {
public:
    explicit ManualClock(Time start) : microseconds_(start.time_since_epoch().count()) {}
    Time now() const override { return Time(std::chrono::microseconds(microseconds_.load())); }
    std::chrono::microseconds uptime() const override {
        return std::chrono::microseconds(uptime_.load());
    }
    /// Time passes.
    void advance(std::chrono::microseconds by) {
        microseconds_ += by.count();
        uptime_ += by.count();
    }
    /// Somebody sets the wall clock; no time passes.
    void jump(std::chrono::microseconds by) { microseconds_ += by.count(); }

private:
    std::atomic<std::int64_t> microseconds_;
    std::atomic<std::int64_t> uptime_{0};
};

/// The wall clock as it was when this was made, and since then as much later as time has really
/// passed: for stamps in rows that are compared with each other, such as grace periods.
class SteadyClock final : public Clock {
public:
    /// `clock` must outlive it.
    explicit SteadyClock(const Clock& clock)
        : clock_(clock), start_(clock.now()), uptime_(clock.uptime()) {}
    Time now() const override { return start_ + (clock_.uptime() - uptime_); }
    std::chrono::microseconds uptime() const override { return clock_.uptime(); }

private:
    const Clock& clock_;
    const Time start_;
    const std::chrono::microseconds uptime_;
};

/// `2026-01-02T03:04:05.678Z` (ISO 8601, UTC, milliseconds).
std::string to_iso8601(Time time);
/// `2026-01-02T03:04:05Z` (RFC 3339, UTC, whole seconds). Errors: InvalidInput.
Result<Time> parse_utc_time(std::string_view text);
/// `Fri, 02 Jan 2026 03:04:05 GMT` (RFC 9110 section 5.6.7).
std::string to_http_date(Time time);

}  // namespace larmor

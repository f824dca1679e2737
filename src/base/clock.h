#pragma once
#include <atomic>
#include <chrono>
#include <string>

namespace larmor {

using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/// Wall-clock time, given to whoever needs it so that tests can move it. Safe from any thread.
class Clock {
public:
    virtual ~Clock() = default;
    virtual Time now() const = 0;
};

/// The machine's clock.
const Clock& system_clock();

/// A clock that moves when told to.
class ManualClock final : public Clock {
public:
    explicit ManualClock(Time start) : microseconds_(start.time_since_epoch().count()) {}
    Time now() const override { return Time(std::chrono::microseconds(microseconds_.load())); }
    void advance(std::chrono::microseconds by) { microseconds_ += by.count(); }

private:
    std::atomic<std::int64_t> microseconds_;
};

/// `2026-01-02T03:04:05.678Z` (ISO 8601, UTC, milliseconds).
std::string to_iso8601(Time time);
/// `Fri, 02 Jan 2026 03:04:05 GMT` (RFC 9110 section 5.6.7).
std::string to_http_date(Time time);

}  // namespace larmor

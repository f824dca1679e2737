#pragma once
#include <algorithm>

#include "base/clock.h"

namespace larmor::queue::sqlite {

/// The time in a library's queue tables: the wall clock's when the library was opened, and
/// since then as much later as time has really passed. Setting the wall clock moves no
/// deadline; one that was set back before the library was opened does not bring back times that
/// were.
class QueueClock {
public:
    /// `latest` is the last time that the tables have. `clock` must outlive it.
    QueueClock(const Clock& clock, Time latest)
        : clock_(clock), start_(std::max(clock.now(), latest)), uptime_(clock.uptime()) {}
    Time now() const { return start_ + (clock_.uptime() - uptime_); }

private:
    const Clock& clock_;
    const Time start_;
    const std::chrono::microseconds uptime_;
};

}  // namespace larmor::queue::sqlite

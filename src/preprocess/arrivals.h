#pragma once
#include <atomic>
#include <chrono>

#include "base/clock.h"

namespace larmor::preprocess {

/// Whether instances are arriving right now: who prepares them lets them in first. Safe from
/// any thread.
class Arrivals {
public:
    /// Some were stored.
    void note() { last_us_.store(now_us(), std::memory_order_relaxed); }
    bool are_going_on(std::chrono::microseconds within) const {
        return now_us() - last_us_.load(std::memory_order_relaxed) < within.count();
    }

private:
    static std::int64_t now_us() { return system_clock().uptime().count(); }
    std::atomic<std::int64_t> last_us_{
        -std::chrono::microseconds(std::chrono::hours(1)).count()};
};

}  // namespace larmor::preprocess

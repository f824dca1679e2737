#pragma once
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "db/transaction.h"

namespace larmor::queue::postgres {

using std::chrono::microseconds;

/// What a statement said about the time, and when on this machine it was asked and answered.
struct ClockReading {
    microseconds server{};  ///< the server's wall clock
    microseconds offset{};  ///< of the row in queue_clock
    std::int64_t version = 0;
    microseconds asked{};  ///< uptime
    microseconds answered{};
};

/// Watches the server's wall clock beside the time that passes here. When it was set by more
/// than 5 s, the difference is taken out of the queues' offset once, by whoever sees it first:
/// to every deadline it is as if nothing had happened. Safe from any thread.
class ServerClock {
public:
    /// The queues' time; corrects the offset in `tx` where a step shows.
    Result<Time> time_of(db::Transaction& tx, ClockReading reading);
    /// The same without a correction.
    static Time time_of(const ClockReading& reading);

private:
    /// How much the clock was set since the last reading; 0 where it was not, or not for sure.
    microseconds step_of(const ClockReading& reading);

    std::mutex mutex_;
    std::int64_t version_ = 0;   ///< of the last reading; 0 before the first
    microseconds difference_{};  ///< the server's clock less uptime
};

}  // namespace larmor::queue::postgres

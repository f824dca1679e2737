#include "queue/hints.h"

#include <algorithm>
#include <vector>

namespace larmor::queue {

std::uint64_t Hints::seen() const {
    const std::lock_guard lock(mutex_);
    return announced_;
}

void Hints::announce(std::int64_t messages) {
    std::vector<async::Alarm> woken;
    {
        const std::lock_guard lock(mutex_);
        ++announced_;
        std::erase_if(waiters_, [&](const Waiter& waiter) {
            // What was announced may be nothing for who takes some only: it uses up nobody's.
            if (waiter.takes == Takes::Any && messages-- <= 0) return false;
            woken.push_back(waiter.alarm);
            return true;
        });
    }
    for (const auto& alarm : woken) alarm.ring();
}

async::Task<void> Hints::wait(std::uint64_t seen, std::chrono::nanoseconds at_most, Takes takes,
                              async::CancelToken stop) {
    const async::Alarm alarm;
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        if (announced_ != seen) co_return;
        number = ++waiters_made_;
        waiters_.push_back({number, takes, alarm});
    }
    const bool cancelled = !co_await stop.sleep(at_most, alarm);
    bool chosen = false;
    {
        const std::lock_guard lock(mutex_);
        chosen = std::erase_if(waiters_, [&](const Waiter& waiter) {
                     return waiter.number == number;
                 }) == 0;
    }
    // Who stops does not look any more: the message is somebody else's.
    if (cancelled && chosen && takes == Takes::Any) announce(1);
}

}  // namespace larmor::queue

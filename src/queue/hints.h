#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>

#include "async/cancel.h"
#include "async/task.h"

namespace larmor::queue {

/// Wakes receivers that wait for a message of one queue. Only a hint: who is woken looks, and
/// looks from time to time anyway. Safe from any thread.
class Hints {
public:
    /// To be taken before looking, and given to `wait`: what was announced since ends the wait
    /// at once.
    std::uint64_t seen() const;
    /// So many messages can be received: of the receivers that take any wakes no more than
    /// that, the longest waiting first, and all of those that take some only.
    void announce(std::int64_t messages);

    enum class Takes : std::uint8_t { Any, Some };
    /// Until something is announced, the time has passed or the token is cancelled.
    async::Task<void> wait(std::uint64_t seen, std::chrono::nanoseconds at_most, Takes takes,
                           async::CancelToken stop);

private:
    struct Waiter {
        std::uint64_t number;
        Takes takes;
        async::Alarm alarm;
    };
    mutable std::mutex mutex_;
    std::uint64_t announced_ = 0;
    std::uint64_t waiters_made_ = 0;
    std::deque<Waiter> waiters_;
};

}  // namespace larmor::queue

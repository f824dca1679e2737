#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "async/task.h"

namespace larmor::async {

struct BellWaiter;

/// Rings when something was committed, for those who wait for the next change. A hint: who
/// waits reads the rows first and again after each ring, and misses nothing when it rings for
/// nothing or once for many. Safe from any thread; must outlive its listeners.
class Bell {
public:
    explicit Bell(std::size_t listeners_max) : listeners_max_(listeners_max) {}

    /// What is listened to: the id of a row, where they change one by one.
    using Topic = std::int64_t;

    struct Woken {
        bool is_closed = false;  ///< nobody waits any more
        bool is_late = false;    ///< the time that was given has passed
    };

    /// Waits on its executor's thread, one wait at a time.
    class Listener {
    public:
        Listener(Bell& bell, std::shared_ptr<BellWaiter> waiter);
        Listener(Listener&& other) noexcept;
        Listener& operator=(Listener&&) = delete;
        ~Listener();
        /// Until it rings, was rung or closed since the last wait, or a beat of `every` passed.
        Task<Woken> wait(std::chrono::milliseconds every);

    private:
        Bell* bell_;
        std::shared_ptr<BellWaiter> waiter_;
    };

    /// Nothing where `listeners_max` listen already, or after `close`.
    std::optional<Listener> listen(Topic topic = 0);
    std::size_t listeners() const;
    void ring(Topic topic = 0);
    /// Ends all waits, now and later: the server is about to stop.
    void close();

private:
    void forget(const std::shared_ptr<BellWaiter>& waiter);

    const std::size_t listeners_max_;
    mutable std::mutex mutex_;
    bool is_closed_ = false;
    std::vector<std::shared_ptr<BellWaiter>> waiters_;
};

}  // namespace larmor::async

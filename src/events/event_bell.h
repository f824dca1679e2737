#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "async/task.h"
#include "db/database.h"
#include "events/event_log.h"

namespace larmor::events {

struct BellWaiter;

/// Rings when events were committed, for those who wait for the next one. A hint: who waits
/// reads the log first and again after each ring, and misses nothing when it rings for nothing
/// or once for many. Safe from any thread; must outlive its listeners.
class EventBell {
public:
    static constexpr std::size_t kListenersMax = 64;

    struct Woken {
        bool is_closed = false;  ///< nobody waits any more
        bool is_late = false;    ///< the time that was given has passed
    };

    /// Waits on its executor's thread, one wait at a time.
    class Listener {
    public:
        Listener(EventBell& bell, std::shared_ptr<BellWaiter> waiter);
        Listener(Listener&& other) noexcept;
        Listener& operator=(Listener&&) = delete;
        ~Listener();
        /// Until it rings, was rung or closed since the last wait, or a beat of `every` passed.
        async::Task<Woken> wait(std::chrono::milliseconds every);

    private:
        EventBell* bell_;
        std::shared_ptr<BellWaiter> waiter_;
    };

    /// Rings after each commit that made events. Call it after all that appends events
    /// before_commit; both must outlive the last write.
    void attach(db::Database& database, const EventLog& log);

    /// Nothing where kListenersMax listen already, or after `close`.
    std::optional<Listener> listen();
    std::size_t listeners() const;
    /// Ends all waits, now and later: the server is about to stop.
    void close();

private:
    void ring();
    void forget(const std::shared_ptr<BellWaiter>& waiter);

    mutable std::mutex mutex_;
    bool is_closed_ = false;
    std::vector<std::shared_ptr<BellWaiter>> waiters_;
    std::int64_t rung_at_ = 0;  ///< the last event; of the writer's thread
};

}  // namespace larmor::events

#include "events/event_bell.h"

#include <algorithm>
#include <utility>

#include "async/completion.h"

namespace larmor::events {

/// What happened since the last wait, and who waits.
struct BellWaiter {
    std::mutex mutex;
    bool is_rung = false;
    bool is_late = false;
    bool is_closed = false;
    bool has_timer = false;  ///< one at a time, also when it rings a thousand times a second
    async::Completion<>* waiting = nullptr;

    void set(bool BellWaiter::* what) {
        async::Completion<>* woken = nullptr;
        {
            const std::lock_guard lock(mutex);
            this->*what = true;
            woken = std::exchange(waiting, nullptr);
        }
        if (woken != nullptr) woken->set();
    }
    void time_out() {
        {
            const std::lock_guard lock(mutex);
            has_timer = false;
        }
        set(&BellWaiter::is_late);
    }
    /// Takes what happened; false when nothing did and `completion` waits for it.
    bool take(EventBell::Woken& woken, async::Completion<>* completion) {
        const std::lock_guard lock(mutex);
        if (!is_rung && !is_late && !is_closed) {
            waiting = completion;
            return false;
        }
        woken = {.is_closed = is_closed, .is_late = is_late};
        is_rung = is_late = false;
        return true;
    }
    bool wants_timer() {
        const std::lock_guard lock(mutex);
        return !std::exchange(has_timer, true);
    }
};

EventBell::Listener::Listener(EventBell& bell, std::shared_ptr<BellWaiter> waiter)
    : bell_(&bell), waiter_(std::move(waiter)) {}
EventBell::Listener::Listener(Listener&& other) noexcept
    : bell_(std::exchange(other.bell_, nullptr)), waiter_(std::move(other.waiter_)) {}
EventBell::Listener::~Listener() {
    if (bell_ != nullptr) bell_->forget(waiter_);
}

async::Task<EventBell::Woken> EventBell::Listener::wait(std::chrono::milliseconds every) {
    const auto waiter = waiter_;
    if (waiter->wants_timer()) {
        async::Executor::current()->post_at(std::chrono::steady_clock::now() + every,
                                            [waiter] { waiter->time_out(); });
    }
    Woken woken;
    async::Completion<> completion;
    if (!waiter->take(woken, &completion)) {
        co_await completion;
        waiter->take(woken, nullptr);
    }
    co_return woken;
}

void EventBell::attach(db::Database& database, const EventLog& log) {
    rung_at_ = log.last().sequence;
    database.before_commit([this, &log](db::Transaction& tx) -> Result<void> {
        tx.on_commit([this, &log] {
            const std::int64_t last = log.last().sequence;
            if (last != std::exchange(rung_at_, last)) ring();
        });
        return {};
    });
}

std::optional<EventBell::Listener> EventBell::listen() {
    const std::lock_guard lock(mutex_);
    if (is_closed_ || waiters_.size() >= kListenersMax) return std::nullopt;
    waiters_.push_back(std::make_shared<BellWaiter>());
    return Listener(*this, waiters_.back());
}

std::size_t EventBell::listeners() const {
    const std::lock_guard lock(mutex_);
    return waiters_.size();
}

void EventBell::ring() {
    const std::lock_guard lock(mutex_);
    for (const auto& waiter : waiters_) waiter->set(&BellWaiter::is_rung);
}

void EventBell::close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    for (const auto& waiter : waiters_) waiter->set(&BellWaiter::is_closed);
}

void EventBell::forget(const std::shared_ptr<BellWaiter>& waiter) {
    const std::lock_guard lock(mutex_);
    std::erase(waiters_, waiter);
}

}  // namespace larmor::events

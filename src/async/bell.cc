#include "async/bell.h"

#include <utility>

#include "async/completion.h"

namespace larmor::async {

/// What happened since the last wait, and who waits.
struct BellWaiter {
    explicit BellWaiter(Bell::Topic listens_to) : topic(listens_to) {}

    const Bell::Topic topic;
    std::mutex mutex;
    bool is_rung = false;
    bool is_late = false;
    bool is_closed = false;
    bool has_timer = false;  ///< one at a time, also when it rings a thousand times a second
    Completion<>* waiting = nullptr;

    void set(bool BellWaiter::* what) {
        Completion<>* woken = nullptr;
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
    bool take(Bell::Woken& woken, Completion<>* completion) {
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

Bell::Listener::Listener(Bell& bell, std::shared_ptr<BellWaiter> waiter)
    : bell_(&bell), waiter_(std::move(waiter)) {}
Bell::Listener::Listener(Listener&& other) noexcept
    : bell_(std::exchange(other.bell_, nullptr)), waiter_(std::move(other.waiter_)) {}
Bell::Listener::~Listener() {
    if (bell_ != nullptr) bell_->forget(waiter_);
}

Task<Bell::Woken> Bell::Listener::wait(std::chrono::milliseconds every) {
    const auto waiter = waiter_;
    if (waiter->wants_timer()) {
        Executor::current()->post_at(std::chrono::steady_clock::now() + every,
                                     [waiter] { waiter->time_out(); });
    }
    Woken woken;
    Completion<> completion;
    if (!waiter->take(woken, &completion)) {
        co_await completion;
        waiter->take(woken, nullptr);
    }
    co_return woken;
}

std::optional<Bell::Listener> Bell::listen(Topic topic) {
    const std::lock_guard lock(mutex_);
    if (is_closed_ || waiters_.size() >= listeners_max_) return std::nullopt;
    waiters_.push_back(std::make_shared<BellWaiter>(topic));
    return Listener(*this, waiters_.back());
}

std::size_t Bell::listeners() const {
    const std::lock_guard lock(mutex_);
    return waiters_.size();
}

void Bell::ring(Topic topic) {
    const std::lock_guard lock(mutex_);
    for (const auto& waiter : waiters_) {
        if (waiter->topic == topic) waiter->set(&BellWaiter::is_rung);
    }
}

void Bell::close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    for (const auto& waiter : waiters_) waiter->set(&BellWaiter::is_closed);
}

void Bell::forget(const std::shared_ptr<BellWaiter>& waiter) {
    const std::lock_guard lock(mutex_);
    std::erase(waiters_, waiter);
}

}  // namespace larmor::async

#include "async/completion.h"

namespace larmor::async {

void Event::set() {
    std::vector<std::pair<Executor*, std::coroutine_handle<>>> awaiting;
    {
        const std::lock_guard lock(mutex_);
        set_.store(true, std::memory_order_release);
        awaiting.swap(awaiting_);
    }
    for (const auto& [executor, handle] : awaiting) executor->post(Work(handle));
}

bool Event::Awaiter::await_suspend(std::coroutine_handle<> awaiting) {
    auto* executor = Executor::current();
    LARMOR_CHECK(executor != nullptr);
    const std::lock_guard lock(event.mutex_);
    if (event.is_set()) return false;
    event.awaiting_.emplace_back(executor, awaiting);
    return true;
}

bool Semaphore::Awaiter::await_ready() const {
    if (semaphore.permits_ == 0) return false;
    --semaphore.permits_;
    return true;
}
void Semaphore::Awaiter::await_suspend(std::coroutine_handle<> awaiting) const {
    semaphore.awaiting_.push_back(awaiting);
}

void Semaphore::release() {
    if (awaiting_.empty()) {
        ++permits_;
        return;
    }
    // The permit goes straight to the first in line: nobody who comes now can take it.
    const auto next = awaiting_.front();
    awaiting_.pop_front();
    Executor::current()->post(Work(next));
}

}  // namespace larmor::async

#include "async/slots.h"

namespace larmor::async {

Task<Slots::Slot> Slots::take() {
    Completion<> later;
    if (!take_now(later)) co_await later;
    co_return Slot(*this);
}

bool Slots::take_now(Completion<>& later) {
    const std::lock_guard lock(mutex_);
    if (free_ > 0) {
        --free_;
        return true;
    }
    waiting_.push_back(&later);
    return false;
}

void Slots::give_on() {
    Completion<>* next = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) {
            ++free_;
            return;
        }
        next = waiting_.front();
        waiting_.pop_front();
    }
    next->set();
}

std::size_t Slots::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

}  // namespace larmor::async

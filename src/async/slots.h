#pragma once
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>

#include "async/completion.h"
#include "async/task.h"

namespace larmor::async {

/// Bounds how many tasks are inside something at a time, on whatever threads they run; first
/// come, first served. Safe from any thread; must outlive its slots.
class Slots {
public:
    explicit Slots(std::size_t count) : free_(count) {}

    /// Gives its place on when destroyed.
    class [[nodiscard]] Slot {
    public:
        explicit Slot(Slots& slots) : slots_(&slots) {}
        Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
        Slot& operator=(Slot&&) = delete;
        ~Slot() {
            if (slots_ != nullptr) slots_->give_on();
        }

    private:
        Slots* slots_;
    };
    /// `const auto slot = co_await slots.take();`
    Task<Slot> take();
    std::size_t waiting() const;

private:
    bool take_now(Completion<>& later);
    void give_on();

    mutable std::mutex mutex_;
    std::size_t free_;
    std::deque<Completion<>*> waiting_;  ///< each in its task's frame
};

}  // namespace larmor::async

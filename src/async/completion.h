#pragma once
#include <atomic>
#include <coroutine>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "async/executor.h"

namespace larmor::async {

/// A value that one thread sets once and one task awaits once. `set` may be called from any
/// thread and resumes the awaiter on the executor it was on; inside a PostBatch, hundreds of
/// completions cost one wake-up per executor. The completion may live in the awaiter's frame:
/// `set` does not touch it once the awaiter can run.
///
///     async::Completion<Result<Sequence>> committed;
///     writer.enqueue(std::move(statement), committed);   // keeps a reference
///     CO_TRY(auto sequence, co_await committed);
template <typename T = void>
class Completion {
    using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

public:
    Completion() = default;
    Completion(const Completion&) = delete;
    Completion& operator=(const Completion&) = delete;

    /// Once. Any thread.
    template <typename... Args>
    void set(Args&&... args) {
        value_.emplace(std::forward<Args>(args)...);
        finish();
    }
    bool is_set() const { return state_.load(std::memory_order_acquire) == kSet; }

    /// A type of its own: g++ 12 copies an awaitable that is named by `*pointer`.
    struct Awaiter {
        Completion* completion;
        bool await_ready() const { return completion->is_set(); }
        bool await_suspend(std::coroutine_handle<> awaiting) const {
            return completion->wait(awaiting);
        }
        T await_resume() const {
            if constexpr (!std::is_void_v<T>) return std::move(*completion->value_);
        }
    };
    Awaiter operator co_await() { return Awaiter{this}; }

private:
    static constexpr int kEmpty = 0;
    static constexpr int kAwaited = 1;
    static constexpr int kSet = 2;

    /// False when it was set meanwhile.
    bool wait(std::coroutine_handle<> awaiting) {
        executor_ = Executor::current();
        LARMOR_CHECK(executor_ != nullptr);
        awaiting_ = awaiting;
        int expected = kEmpty;
        return state_.compare_exchange_strong(expected, kAwaited, std::memory_order_acq_rel);
    }

    void finish() {
        // When nobody awaits, `this` may be gone after the exchange; else it lives until we
        // post.
        if (state_.exchange(kSet, std::memory_order_acq_rel) == kAwaited) {
            executor_->post(Work(awaiting_));
        }
    }

    std::atomic<int> state_{kEmpty};
    Executor* executor_ = nullptr;
    std::coroutine_handle<> awaiting_;
    std::optional<Stored> value_;
};

/// Something that happens once and that any number of tasks await. `set` from any thread;
/// further calls do nothing. Must outlive its awaiters.
class Event {
public:
    void set();
    bool is_set() const { return set_.load(std::memory_order_acquire); }

    struct Awaiter {
        Event& event;
        bool await_ready() const { return event.is_set(); }
        bool await_suspend(std::coroutine_handle<> awaiting);
        void await_resume() const {}
    };
    Awaiter operator co_await() { return Awaiter{*this}; }

private:
    std::atomic<bool> set_{false};
    std::mutex mutex_;
    std::vector<std::pair<Executor*, std::coroutine_handle<>>> awaiting_;
};

/// Bounds how many tasks of ONE executor are inside something at a time; first come, first
/// served. Not safe across threads.
class Semaphore {
public:
    explicit Semaphore(std::size_t permits) : permits_(permits) {}

    class [[nodiscard]] Permit {
    public:
        explicit Permit(Semaphore& semaphore) : semaphore_(&semaphore) {}
        Permit(Permit&& other) noexcept
            : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
        Permit& operator=(Permit&&) = delete;
        ~Permit() {
            if (semaphore_) semaphore_->release();
        }

    private:
        Semaphore* semaphore_;
    };
    struct Awaiter {
        Semaphore& semaphore;
        bool await_ready() const;
        void await_suspend(std::coroutine_handle<> awaiting) const;
        Permit await_resume() const { return Permit(semaphore); }
    };
    /// `const auto permit = co_await semaphore.acquire();`
    Awaiter acquire() { return Awaiter{*this}; }
    std::size_t free_count() const { return permits_; }

private:
    void release();
    std::size_t permits_;
    std::deque<std::coroutine_handle<>> awaiting_;
};

}  // namespace larmor::async

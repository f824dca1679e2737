#pragma once
#include <exception>
#include <optional>
#include <vector>

#include "async/executor.h"

namespace larmor::async {

namespace detail {
template <typename T>
Task<void> store_outcome(Task<T> task, std::optional<T>& value, std::exception_ptr& exception,
                         RunLoop& loop) {
    try {
        value.emplace(co_await std::move(task));
    } catch (...) {
        exception = std::current_exception();
    }
    loop.stop();
}
inline Task<void> store_end(Task<void> task, std::exception_ptr& exception, RunLoop& loop) {
    try {
        co_await std::move(task);
    } catch (...) {
        exception = std::current_exception();
    }
    loop.stop();
}
/// The countdown of when_all: resumes the awaiter when it reaches zero.
struct Countdown {
    std::size_t left;
    std::coroutine_handle<> awaiting;
};
}  // namespace detail

/// Runs a task to its end on the calling thread, which must not be an executor's: for command
/// lines and tests. Rethrows what the task throws.
template <typename T>
T sync_wait(Task<T> task) {
    LARMOR_CHECK(Executor::current() == nullptr);
    RunLoop loop;
    std::exception_ptr exception;
    if constexpr (std::is_void_v<T>) {
        spawn(loop, detail::store_end(std::move(task), exception, loop));
        loop.run();
        if (exception) std::rethrow_exception(exception);
    } else {
        std::optional<T> value;
        spawn(loop, detail::store_outcome(std::move(task), value, exception, loop));
        loop.run();
        if (exception) std::rethrow_exception(exception);
        return *std::move(value);
    }
}

namespace detail {
struct CountdownAwaiter {
    Countdown& countdown;
    bool await_ready() const { return countdown.left == 0; }
    void await_suspend(std::coroutine_handle<> awaiting) const {
        countdown.awaiting = awaiting;
    }
    void await_resume() const {}
};
template <typename T>
Task<void> count_one(Task<T> task, std::optional<T>& value, std::exception_ptr& exception,
                     Countdown& countdown) {
    try {
        value.emplace(co_await std::move(task));
    } catch (...) {
        if (!exception) exception = std::current_exception();
    }
    if (--countdown.left == 0 && countdown.awaiting) {
        Executor::current()->post(Work(countdown.awaiting));
    }
}
}  // namespace detail

/// Runs all tasks at once on the awaiter's executor and gives their values in the same order.
/// Waits for all of them even when one throws; then rethrows the first exception. The caller
/// bounds how many there are.
template <typename T>
Task<std::vector<T>> when_all(std::vector<Task<T>> tasks) {
    auto* executor = Executor::current();
    std::vector<std::optional<T>> values(tasks.size());
    std::exception_ptr exception;
    detail::Countdown countdown{tasks.size(), nullptr};
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        spawn(*executor,
              detail::count_one(std::move(tasks[i]), values[i], exception, countdown));
    }
    co_await detail::CountdownAwaiter{countdown};
    if (exception) std::rethrow_exception(exception);
    std::vector<T> result;
    result.reserve(values.size());
    for (auto& value : values) result.push_back(*std::move(value));
    co_return result;
}

}  // namespace larmor::async

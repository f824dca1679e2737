#pragma once
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/result.h"

namespace larmor::async {

template <typename T>
class Task;

namespace detail {

/// What the promises of Task<T> and Task<void> share.
struct TaskPromiseBase {
    std::coroutine_handle<> continuation;  ///< who awaits us; none while we run inside of it

    struct FinalAwaiter {
        bool await_ready() const noexcept { return false; }
        template <typename Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
            auto next = done.promise().continuation;
            return next ? next : std::noop_coroutine();
        }
        void await_resume() const noexcept {}
    };
    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() const noexcept { return {}; }
};

template <typename T>
struct TaskPromise : TaskPromiseBase {
    std::variant<std::monostate, T, std::exception_ptr> outcome;

    Task<T> get_return_object() noexcept;
    template <typename U = T>
        requires std::is_constructible_v<T, U&&>
    void return_value(U&& value) {
        outcome.template emplace<1>(std::forward<U>(value));
    }
    void unhandled_exception() noexcept {
        outcome.template emplace<2>(std::current_exception());
    }
    T take() {
        if (outcome.index() == 2) std::rethrow_exception(std::get<2>(outcome));
        return std::move(std::get<1>(outcome));
    }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
    std::exception_ptr exception;

    Task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { exception = std::current_exception(); }
    void take() const {
        if (exception) std::rethrow_exception(exception);
    }
};

}  // namespace detail

/// A coroutine that starts when it is awaited, gives one T and is awaited once.
///
/// A task runs on the executor of whoever awaits it (async/executor.h): every awaitable of ours
/// resumes the awaiter on the executor it was on, and an executor is one thread. So code in
/// tasks of one executor needs no locks, but must not block; blocking work goes to
/// WorkerPool::run.
///
/// Expected failures are values: Task<Result<T>>. An exception (a broken invariant, no memory)
/// is rethrown at the co_await. A coroutine takes its arguments by value: a reference may be
/// gone after a co_await. Destroying a task that was started and has not ended is an error of
/// ours.
///
/// g++ 12 destroys some temporaries of a statement that contains co_await twice: lambdas that
/// capture class types by value, aggregates with class members made with braces, and `?:` of
/// class types. Name those in a statement of their own, or capture by reference:
///
///     co_await pool.run(priority, [text] { ... });  // wrong: freed twice
///     co_await read({.key = key});                  // wrong
///     co_await pool.run(priority, [&] { ... });     // right: our frame waits
///     const ReadOptions options{.key = key};        // right
///     co_await read(options);
///
/// And it forgets the body of a coroutine that has no local variable and a co_await in the
/// condition of an `if` or `switch`: give the awaited value a name first.
template <typename T = void>
class [[nodiscard("a task does nothing until it is awaited")]] Task {
public:
    using promise_type = detail::TaskPromise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    explicit Task(Handle handle) noexcept : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    ~Task() {
        if (handle_) handle_.destroy();
    }

    struct Awaiter {
        Handle child;
        bool await_ready() const noexcept { return false; }
        /// Runs the child in place and goes on without suspending when it has ended: g++ 12
        /// makes a tail call of a returned handle only at -O2 and without sanitizers, so that a
        /// loop over tasks that never wait would grow the stack. No race: an executor is one
        /// thread.
        bool await_suspend(std::coroutine_handle<> awaiting) const {
            child.resume();
            if (child.done()) return false;
            child.promise().continuation = awaiting;
            return true;
        }
        T await_resume() const { return child.promise().take(); }
    };
    Awaiter operator co_await() const& noexcept { return Awaiter{handle_}; }
    Awaiter operator co_await() const&& noexcept { return Awaiter{handle_}; }

private:
    Handle handle_;
};

namespace detail {
template <typename T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}
}  // namespace detail

/// Makes a task of any awaitable, e.g. to hand `pool.run(...)` to when_all.
template <typename Awaitable>
auto as_task(Awaitable awaitable) -> Task<decltype(awaitable.await_resume())> {
    co_return co_await std::move(awaitable);
}

}  // namespace larmor::async

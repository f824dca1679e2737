#pragma once
#include <array>
#include <condition_variable>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "async/executor.h"

namespace larmor::async {

enum class Priority : std::uint8_t {
    Interactive,  ///< somebody waits for it: a thumbnail, a frame, a query
    Normal,       ///< somebody will wait for it: parsing an upload
    Background,   ///< nobody waits: preprocessing, compaction; only on processors that idle
};
inline constexpr std::size_t kPriorities = 3;

enum class WhenFull : std::uint8_t {
    Refuse,  ///< the awaiter gets Unavailable at once: what a request wants (503, Retry-After)
    Wait,    ///< the awaiter waits its turn; it bounds itself by how many it starts
};

namespace detail {
template <typename T>
struct FlatResult {
    using type = Result<T>;
};
template <typename T>
struct FlatResult<Result<T>> {
    using type = Result<T>;
};
}  // namespace detail

/// Threads for work that blocks or computes: SQLite, files, codecs, compression.
///
/// Interactive and Normal work share the foreground threads: Interactive goes first, but at
/// least every eighth pick is Normal, so that neither starves. Normal work never has more than
/// `threads` of them at a time: `readers_threads` more are left to whoever waits for an answer
/// while large files are written. Background work runs on threads
/// of its own under SCHED_IDLE: it gets the processors that nobody else wants, and must not
/// hold a lock that other work waits for. Queues are first in, first out.
class WorkerPool {
public:
    struct Options {
        std::string name = "pool";  ///< of threads (`<name>-0`, `<name>-bg-0`) and in metrics
        unsigned threads = 0;       ///< foreground; 0: as many as processors
        unsigned readers_threads = 0;  ///< more of these, which Normal work leaves free
        unsigned background_threads = 1;
        std::size_t queue_max = 1024;  ///< waiting items of each priority
    };

    explicit WorkerPool(Options options);
    /// As `stop`.
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// `auto frame = co_await pool.run(Priority::Interactive, [=] { return decode(...); });`
    /// Runs `f` on the pool and resumes on the executor the awaiter was on. Gives Result<T> for
    /// an `f` that gives T or Result<T>. What f captures by reference lives as long as the
    /// awaiter's frame, which waits. An exception of `f` is rethrown at the co_await. Errors:
    /// those of `f`; Unavailable when the queue is full (WhenFull::Refuse) or the pool has
    /// stopped.
    template <typename F>
    auto run(Priority priority, F&& f, WhenFull when_full = WhenFull::Refuse);

    /// Queues `work`; false when the queue is full or the pool has stopped, and then `work` is
    /// unchanged. Any thread.
    bool try_post(Priority priority, Work&& work, WhenFull when_full = WhenFull::Refuse);

    /// Runs what is queued to its end, refuses what is new, joins the threads. Call it from
    /// outside of the pool, before the executors that its awaiters run on are gone.
    void stop();

    std::size_t queued(Priority priority) const;

private:
    template <typename F>
    class RunAwaiter;
    /// What to take next, nothing when there is nothing that may run. Under the lock.
    std::optional<Priority> next(bool background);
    void work(bool background);

    const Options options_;
    mutable std::mutex mutex_;
    std::condition_variable foreground_ready_;
    std::condition_variable background_ready_;
    std::array<std::deque<Work>, kPriorities> queues_;
    unsigned interactive_in_a_row_ = 0;
    unsigned normal_running_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
    struct Metrics;
    std::unique_ptr<Metrics> metrics_;
};

template <typename F>
class [[nodiscard]] WorkerPool::RunAwaiter {
    using Returned = std::invoke_result_t<F&>;

public:
    using Outcome = typename detail::FlatResult<Returned>::type;

    RunAwaiter(WorkerPool& pool, Priority priority, WhenFull when_full, F f)
        : pool_(pool), priority_(priority), when_full_(when_full), function_(std::move(f)) {}

    bool await_ready() const { return false; }
    bool await_suspend(std::coroutine_handle<> awaiting) {
        auto* executor = Executor::current();
        LARMOR_CHECK(executor != nullptr);
        const bool queued = pool_.try_post(
            priority_,
            [this, executor, awaiting] {
                call();
                executor->post(Work(awaiting));
            },
            when_full_);
        // Only a queued item may run elsewhere; after that, `this` belongs to the pool.
        if (!queued) outcome_.emplace(fail(ErrorCode::Unavailable, "too much work is waiting"));
        return queued;
    }
    Outcome await_resume() {
        if (exception_) std::rethrow_exception(exception_);
        return *std::move(outcome_);
    }

private:
    void call() noexcept {
        try {
            if constexpr (std::is_void_v<Returned>) {
                function_();
                outcome_.emplace();
            } else {
                outcome_.emplace(function_());
            }
        } catch (...) {
            exception_ = std::current_exception();
        }
    }

    WorkerPool& pool_;
    Priority priority_;
    WhenFull when_full_;
    F function_;
    std::optional<Outcome> outcome_;
    std::exception_ptr exception_;
};

template <typename F>
auto WorkerPool::run(Priority priority, F&& f, WhenFull when_full) {
    return RunAwaiter<std::remove_cvref_t<F>>(*this, priority, when_full, std::forward<F>(f));
}

}  // namespace larmor::async

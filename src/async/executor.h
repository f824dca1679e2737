#pragma once
#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "async/task.h"
#include "base/unique_function.h"

namespace larmor::async {

/// What an executor runs: a callback or the resumption of a coroutine. Must not throw.
using Work = UniqueFunction<void()>;
using SteadyTime = std::chrono::steady_clock::time_point;

/// One thread that runs work in the order in which it was posted. `post` and `post_at` are safe
/// from any thread; everything else is for the thread that runs the executor. Posting costs a
/// lock and, only when the executor sleeps, one wake-up.
///
/// An executor must outlive the tasks that run on it. Work that is still queued when it is
/// destroyed is dropped without being run.
class Executor {
public:
    Executor() = default;
    virtual ~Executor() = default;
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;

    void post(Work work);
    /// For what others on this thread should not wait for: runs when nothing else is ready, or
    /// one a turn where something always is, so that it gets its share too. First in, first
    /// out.
    void post_last(Work work);
    /// Not before `when`; with the precision of the operating system's timers.
    void post_at(SteadyTime when, Work work);

    /// The executor whose work this thread runs, or null outside of any.
    static Executor* current();

protected:
    /// Ends the sleep that `prepare_sleep` announced, also when it has not begun. Any thread;
    /// called under the lock of the queue, so it must not post.
    virtual void wake() = 0;

    /// Makes this the current executor of the calling thread until destroyed.
    class Scope {
    public:
        explicit Scope(Executor& executor);
        ~Scope();
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        Executor* previous_;
    };

    /// Runs what was posted or came due before the call; work that it posts waits for the next.
    /// Returns whether anything was run.
    bool run_ready();
    /// Runs the first work that was posted as last; false when there is none. Once a turn, when
    /// everything else that was ready has been run.
    bool run_one_last();
    /// Before sleeping: how long at most (0: there is work; max: until woken). From here until
    /// the next `run_ready` a post calls `wake`.
    std::chrono::nanoseconds prepare_sleep();

private:
    friend class PostBatch;
    struct Timer {
        SteadyTime when;
        std::uint64_t number;  ///< keeps the order of posting among equal times
        Work work;
    };
    static bool later(const Timer& a, const Timer& b);
    void wake_sleeper();
    void post_many(std::vector<Work>& works);

    std::mutex mutex_;
    bool sleeping_ = false;
    std::vector<Work> queue_;
    std::vector<Work> running_;  ///< kept for its capacity
    std::deque<Work> last_;
    std::vector<Timer> timers_;  ///< a heap, earliest first
    std::uint64_t timers_made_ = 0;
};

/// While it lives, what this thread posts is collected, and goes out when it is destroyed (or
/// flushed): one lock and one wake-up per executor, however many completions a batch sets.
/// Not nested.
class PostBatch {
public:
    PostBatch();
    ~PostBatch();
    PostBatch(const PostBatch&) = delete;
    PostBatch& operator=(const PostBatch&) = delete;
    void flush();

private:
    friend class Executor;
    struct Pending {
        Executor* executor;
        std::vector<Work> works;
    };
    void add(Executor& executor, Work work);
    std::vector<Pending> pending_;  ///< a handful of executors: searched from the front
};

/// Runs a task to its end from outside of tasks, detached, on `executor`. Any thread. An
/// exception that leaves the task ends the process: a task that may throw catches.
void spawn(Executor& executor, Task<void> task);

/// An executor on a condition variable, for command lines, tests and service threads.
class RunLoop final : public Executor {
public:
    /// Runs on the calling thread until `stop` was called; what was posted before is run.
    void run();
    /// Any thread.
    void stop();

private:
    void wake() override;
    std::mutex wait_mutex_;
    std::condition_variable woken_;
    bool wake_pending_ = false;
    bool stop_ = false;  ///< set by work, so by the running thread only
};

/// A RunLoop on a thread of its own, joined when destroyed.
class ThreadExecutor {
public:
    /// `name` shows in top and perf: at most 15 bytes are kept.
    explicit ThreadExecutor(std::string name);
    ~ThreadExecutor();
    Executor& executor() { return loop_; }

private:
    RunLoop loop_;
    std::thread thread_;
};

/// `co_await sleep_until(t)`: resumes on the awaiter's executor.
struct SleepAwaiter {
    SteadyTime when;
    bool await_ready() const { return when <= std::chrono::steady_clock::now(); }
    void await_suspend(std::coroutine_handle<> awaiting) const;
    void await_resume() const {}
};
inline SleepAwaiter sleep_until(SteadyTime when) {
    return {when};
}
inline SleepAwaiter sleep_for(std::chrono::nanoseconds duration) {
    return {std::chrono::steady_clock::now() + duration};
}

/// `co_await yield()`: goes to the back of the executor's queue, so that others get a turn.
struct YieldAwaiter {
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) const;
    void await_resume() const {}
};
inline YieldAwaiter yield() {
    return {};
}

/// `co_await after_others()`: goes on when the thread has nothing else to do, or once a turn.
struct AfterOthersAwaiter {
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) const;
    void await_resume() const {}
};
inline AfterOthersAwaiter after_others() {
    return {};
}

/// Names the calling thread for top, perf and gdb; cut to 15 bytes.
void name_this_thread(const std::string& name);

}  // namespace larmor::async

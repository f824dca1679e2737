#include "async/executor.h"

#include <pthread.h>

#include <algorithm>

namespace larmor::async {
namespace {

thread_local Executor* current_executor = nullptr;
thread_local PostBatch* current_batch = nullptr;

/// A coroutine that nobody awaits: its frame ends itself.
struct Detached {
    struct promise_type {  // NOLINT(readability-identifier-naming): the language says so
        Detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };
};

Detached run_detached(Task<void> task) {
    co_await std::move(task);
}

}  // namespace

Executor* Executor::current() {
    return current_executor;
}

Executor::Scope::Scope(Executor& executor)
    : previous_(std::exchange(current_executor, &executor)) {}
Executor::Scope::~Scope() {
    current_executor = previous_;
}

void Executor::post(Work work) {
    if (current_batch) {
        current_batch->add(*this, std::move(work));
        return;
    }
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    wake_sleeper();
}

void Executor::post_last(Work work) {
    const std::lock_guard lock(mutex_);
    last_.push_back(std::move(work));
    wake_sleeper();
}

void Executor::post_many(std::vector<Work>& works) {
    {
        const std::lock_guard lock(mutex_);
        std::move(works.begin(), works.end(), std::back_inserter(queue_));
        wake_sleeper();
    }
    works.clear();
}

void Executor::post_at(SteadyTime when, Work work) {
    const std::lock_guard lock(mutex_);
    timers_.push_back({when, timers_made_++, std::move(work)});
    std::push_heap(timers_.begin(), timers_.end(), later);
    wake_sleeper();
}

void Executor::wake_sleeper() {
    // Under the lock: the work just posted may end the executor, and cannot be taken before.
    if (std::exchange(sleeping_, false)) wake();
}

bool Executor::later(const Timer& a, const Timer& b) {
    return a.when != b.when ? a.when > b.when : a.number > b.number;
}

bool Executor::run_ready() {
    {
        const std::lock_guard lock(mutex_);
        sleeping_ = false;
        std::swap(queue_, running_);
        if (!timers_.empty()) {
            const auto now = std::chrono::steady_clock::now();
            while (!timers_.empty() && timers_.front().when <= now) {
                std::pop_heap(timers_.begin(), timers_.end(), later);
                running_.push_back(std::move(timers_.back().work));
                timers_.pop_back();
            }
        }
    }
    if (running_.empty()) return false;
    for (auto& work : running_) {
        work();
        // Now, not at the end: what it holds may be what the next one waits for.
        work = nullptr;
    }
    running_.clear();
    return true;
}

bool Executor::run_one_last() {
    Work work;
    {
        const std::lock_guard lock(mutex_);
        if (last_.empty()) return false;
        work = std::move(last_.front());
        last_.pop_front();
    }
    work();
    return true;
}

std::chrono::nanoseconds Executor::prepare_sleep() {
    const std::lock_guard lock(mutex_);
    if (!queue_.empty() || !last_.empty()) return std::chrono::nanoseconds(0);
    auto sleep = std::chrono::nanoseconds::max();
    if (!timers_.empty()) {
        sleep = std::max(
            std::chrono::nanoseconds(0),
            std::chrono::nanoseconds(timers_.front().when - std::chrono::steady_clock::now()));
    }
    sleeping_ = sleep.count() > 0;
    return sleep;
}

PostBatch::PostBatch() {
    LARMOR_CHECK(current_batch == nullptr);
    current_batch = this;
}
PostBatch::~PostBatch() {
    flush();
    current_batch = nullptr;
}
void PostBatch::flush() {
    for (auto& pending : pending_) pending.executor->post_many(pending.works);
    pending_.clear();
}
void PostBatch::add(Executor& executor, Work work) {
    auto pending = std::find_if(pending_.begin(), pending_.end(),
                                [&](const Pending& p) { return p.executor == &executor; });
    if (pending == pending_.end()) {
        pending_.push_back({&executor, {}});
        pending = pending_.end() - 1;
    }
    pending->works.push_back(std::move(work));
}

void spawn(Executor& executor, Task<void> task) {
    executor.post([task = std::move(task)]() mutable { run_detached(std::move(task)); });
}

void RunLoop::run() {
    const Scope scope(*this);
    while (!stop_) {
        const bool ran = run_ready();
        if (run_one_last() || ran) continue;
        const auto sleep = prepare_sleep();
        if (sleep.count() == 0) continue;
        std::unique_lock lock(wait_mutex_);
        const auto woken = [this] { return wake_pending_; };
        if (sleep == std::chrono::nanoseconds::max()) {
            woken_.wait(lock, woken);
        } else {
            woken_.wait_until(lock, std::chrono::steady_clock::now() + sleep, woken);
        }
        wake_pending_ = false;
    }
    stop_ = false;
}

void RunLoop::stop() {
    // As work, so that what was posted before is run before.
    post([this] { stop_ = true; });
}

void RunLoop::wake() {
    const std::lock_guard lock(wait_mutex_);
    wake_pending_ = true;
    // Under the lock: the loop may be destroyed as soon as the woken thread can leave `run`.
    woken_.notify_one();
}

ThreadExecutor::ThreadExecutor(std::string name)
    : thread_([this, name = std::move(name)] {
          name_this_thread(name);
          loop_.run();
      }) {}
ThreadExecutor::~ThreadExecutor() {
    loop_.stop();
    thread_.join();
}

void SleepAwaiter::await_suspend(std::coroutine_handle<> awaiting) const {
    Executor::current()->post_at(when, Work(awaiting));
}
void YieldAwaiter::await_suspend(std::coroutine_handle<> awaiting) const {
    Executor::current()->post(Work(awaiting));
}

void AfterOthersAwaiter::await_suspend(std::coroutine_handle<> awaiting) const {
    Executor::current()->post_last(Work(awaiting));
}

void name_this_thread(const std::string& name) {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace larmor::async

#pragma once
#include <cstddef>

#include "async/completion.h"
#include "async/executor.h"
#include "async/task.h"

namespace larmor::workers {

/// Tasks of one executor that run beside each other, whose end is awaited once. Used on that
/// executor's thread only; must outlive its tasks.
class TaskGroup {
public:
    /// Begins in a turn of its own.
    void spawn(async::Task<void> task) {
        ++running_;
        async::spawn(*async::Executor::current(), run(std::move(task)));
    }
    std::size_t running() const { return running_; }
    /// Until none is running; none is spawned afterwards.
    async::Task<void> join() {
        joining_ = true;
        if (running_ > 0) co_await ended_;
    }

private:
    async::Task<void> run(async::Task<void> task) {
        co_await std::move(task);
        if (--running_ == 0 && joining_) ended_.set();
    }

    std::size_t running_ = 0;
    bool joining_ = false;
    async::Completion<> ended_;
};

}  // namespace larmor::workers

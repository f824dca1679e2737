#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "db/database.h"

namespace larmor::db {

/// The requests that wait for a driver's one writer, and what is counted of them. Safe from any
/// thread; `take` and what follows it are of the writer's.
class WriteQueue {
public:
    using Hook = std::function<Result<void>(Transaction&)>;
    struct Limits {
        std::size_t queued_max = 0;
        std::size_t group_max = 0;
    };
    explicit WriteQueue(Limits limits) : limits_(limits) {}

    /// Calls `done` at once where the request can't wait: the queue is closed, refuses or is
    /// full.
    void submit(WriteRequest& request);
    void before_commit(Hook hook);
    WriterStats stats() const;
    /// What waits is still taken.
    void close();
    /// Ends a `take` that waits.
    void wake();
    /// Nothing is written any more. The first reason counts; false: there is one already.
    bool refuse(Error why);
    std::optional<Error> refusal() const;

    /// Waits for requests, `wake` or `close`, and takes the first of what waits: none after
    /// `wake`. False: closed, and nothing waits.
    bool take(std::vector<WriteRequest*>& group);
    /// False when the queue is being closed.
    bool pause(std::chrono::nanoseconds time);
    /// As they were registered, before the commit of a group.
    Result<void> run_hooks(Transaction& transaction) const;

    void count_group(std::size_t succeeded, std::size_t failed);
    void count_commit(std::chrono::steady_clock::duration took);
    void count_run_again(std::size_t requests);

private:
    using Hooks = std::vector<Hook>;

    const Limits limits_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<WriteRequest*> requests_;
    std::shared_ptr<const Hooks> hooks_ = std::make_shared<Hooks>();
    WriterStats stats_;
    std::optional<Error> refusal_;
    bool closed_ = false;
    bool woken_ = false;
};

}  // namespace larmor::db

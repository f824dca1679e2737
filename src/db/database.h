#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <type_traits>

#include "async/completion.h"
#include "async/task.h"
#include "base/result.h"
#include "db/migration.h"
#include "db/transaction.h"

namespace larmor::db {

/// One function that waits for the writer; lives until `done` was called.
class WriteRequest {
public:
    virtual ~WriteRequest() = default;
    /// On the writer's thread, inside a savepoint of its own: an error rolls only this request
    /// back. May be called again after a rollback: see Database::write.
    virtual Result<void> run(Transaction& tx) = 0;
    /// After the commit, or with the reason why there was none. The request may be gone
    /// afterwards.
    virtual void done(Result<void> outcome) = 0;
};

/// Counts since the start, for metrics and tests.
struct WriterStats {
    std::uint64_t groups = 0;     ///< transactions committed: one sync each
    std::uint64_t requests = 0;   ///< committed
    std::uint64_t failed = 0;     ///< rolled back alone or with their group
    std::uint64_t queued = 0;     ///< waiting right now
    std::uint64_t group_max = 0;  ///< the largest group so far
    std::uint64_t commit_us = 0;  ///< spent in COMMIT, all together
    std::uint64_t run_again = 0;  ///< functions that ran again: see Database::write
    bool read_only = false;       ///< a write to the disk failed: see Database::write
};

/// One library's rows. Safe from any thread.
///
/// Writes are grouped: one thread takes every request that waits, runs each in a savepoint of
/// its own, and makes all durable with one commit. Reads see a consistent snapshot and never
/// wait for the writer. On PostgreSQL other processes write too, at the same time, each with
/// its own one writer: what must not change under a request has to be locked by it first.
class Database {
public:
    virtual ~Database() = default;

    /// Runs `f(Transaction&)`, which gives a Result<T>, on the writer's thread, and gives its
    /// value once it is durable. `f` holds everybody up: no parsing, no file, no waiting in it.
    /// `f` may be called more than once, each time after all that it did was rolled back (its
    /// on_rollback included): when another process was in the way, or the connection was lost
    /// before the commit. So it must not use up what it captured.
    /// Errors: those of `f` (its changes are rolled back, others' are not); Unavailable (queue
    /// full, shutting down), NoSpace (disk full or read-only: nothing was changed). After a
    /// failed sync nobody knows what the disk holds: all writes fail with NoSpace until a
    /// restart. OutcomeUnknown when the connection was lost during the commit and could not be
    /// had again in time to ask what became of it: it was committed or it was not.
    ///
    ///     CO_TRY(const auto id, co_await database.write([&](db::Transaction& tx) {
    ///         return store.record(tx, staged);
    ///     }));
    template <typename F>
    auto write(F f) -> async::Task<std::invoke_result_t<F&, Transaction&>> {
        AwaitedWrite<F> request(std::move(f));
        submit(request);
        co_return co_await request.completion;
    }

    /// The same for a thread that may block (a worker, a command line; never the writer
    /// itself).
    template <typename F>
    auto write_and_wait(F f) -> std::invoke_result_t<F&, Transaction&> {
        BlockingWrite<F> request(std::move(f));
        submit(request);
        return request.wait();
    }

    /// Runs `f(Snapshot&)`, which gives a Result<T>, on the calling thread, which may block: a
    /// worker. What `f` returns must own its data. It is called once.
    /// Errors: those of `f`; Unavailable when no connection is free in time, or when the
    /// snapshot was held longer than its limit (5 s): page by key instead.
    template <typename F>
    auto read(F f) -> std::invoke_result_t<F&, Snapshot&> {
        std::optional<std::invoke_result_t<F&, Snapshot&>> value;
        TRY_VOID(with_snapshot([&](Snapshot& snapshot) { value.emplace(f(snapshot)); }));
        return *std::move(value);
    }

    /// Called on the writer's thread once per group, after its requests and before its commit:
    /// what is written once per group (versions, events) is written here. An error fails the
    /// group. Not called for a group without a successful request. Hooks run in the order in
    /// which they were added; add them before the first write.
    virtual void before_commit(std::function<Result<void>(Transaction&)> hook) = 0;

    /// Applies what is missing, in the order of names over all sets, each in a transaction.
    /// Processes that start together take turns. Errors: Conflict when the library has
    /// migrations that we do not know (it was written by a newer version), or when one's text
    /// changed since.
    virtual Result<void> migrate(std::span<const MigrationSet> sets) = 0;

    virtual WriterStats stats() const = 0;
    virtual Dialect dialect() const { return Dialect::Sqlite; }

    /// The lower level of `write`: queues the request, whose `done` is called on the writer's
    /// thread; inside of one async::PostBatch per group.
    virtual void submit(WriteRequest& request) = 0;

protected:
    virtual Result<void> with_snapshot(const std::function<void(Snapshot&)>& f) = 0;

private:
    template <typename F>
    class TypedWrite : public WriteRequest {
    public:
        using Outcome = std::invoke_result_t<F&, Transaction&>;
        explicit TypedWrite(F f) : function_(std::move(f)) {}
        Result<void> run(Transaction& tx) override {
            value_.emplace(function_(tx));
            if (!*value_) return tl::unexpected(value_->error());
            return {};
        }

    protected:
        Outcome take(Result<void> outcome) {
            if (!outcome) return tl::unexpected(std::move(outcome).error());
            return *std::move(value_);
        }

    private:
        F function_;
        std::optional<Outcome> value_;
    };

    template <typename F>
    class AwaitedWrite final : public TypedWrite<F> {
    public:
        using TypedWrite<F>::TypedWrite;
        void done(Result<void> outcome) override {
            completion.set(this->take(std::move(outcome)));
        }
        async::Completion<typename TypedWrite<F>::Outcome> completion;
    };

    template <typename F>
    class BlockingWrite final : public TypedWrite<F> {
    public:
        using TypedWrite<F>::TypedWrite;
        void done(Result<void> outcome) override {
            // Under the lock: the waiter may end, and with it this object, as soon as it is
            // free.
            const std::lock_guard lock(mutex_);
            outcome_.emplace(this->take(std::move(outcome)));
            done_.notify_one();
        }
        typename TypedWrite<F>::Outcome wait() {
            std::unique_lock lock(mutex_);
            done_.wait(lock, [&] { return outcome_.has_value(); });
            return *std::move(outcome_);
        }

    private:
        std::mutex mutex_;
        std::condition_variable done_;
        std::optional<typename TypedWrite<F>::Outcome> outcome_;
    };
};

}  // namespace larmor::db

#pragma once
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "db/database.h"

namespace larmor::workers::testing {

/// The real database; wakes whoever waits for something after each commit.
class CommitWatch final : public db::Database {
public:
    /// `real` must outlive it.
    explicit CommitWatch(db::Database& real) : real_(real) {}

    /// Looks after every commit until `happened` is true. Fails the test after four minutes.
    void await(const std::function<bool()>& happened) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(4);
        for (;;) {
            const auto seen = commits();
            if (happened()) return;
            std::unique_lock lock(mutex_);
            const bool committed =
                changed_.wait_until(lock, deadline, [&] { return commits_ != seen; });
            if (committed) continue;
            FAIL() << "did not happen within four minutes";
        }
    }
    /// Something happened that is no commit.
    void notify() {
        {
            const std::lock_guard lock(mutex_);
            ++commits_;
        }
        changed_.notify_all();
    }

    void submit(db::WriteRequest& request) override {
        real_.submit(*new Watched(*this, request));  // gone when it is done
    }
    void before_commit(std::function<Result<void>(db::Transaction&)> hook) override {
        real_.before_commit(std::move(hook));
    }
    Result<void> migrate(std::span<const db::MigrationSet> sets) override {
        return real_.migrate(sets);
    }
    db::WriterStats stats() const override { return real_.stats(); }

protected:
    Result<void> with_snapshot(const std::function<void(db::Snapshot&)>& f) override {
        return real_.read([&](db::Snapshot& snapshot) -> Result<void> {
            f(snapshot);
            return {};
        });
    }

private:
    class Watched final : public db::WriteRequest {
    public:
        Watched(CommitWatch& owner, db::WriteRequest& request)
            : owner_(owner), request_(request) {}
        Result<void> run(db::Transaction& tx) override { return request_.run(tx); }
        void done(Result<void> outcome) override {
            const std::unique_ptr<Watched> self(this);
            request_.done(std::move(outcome));
            owner_.notify();
        }

    private:
        CommitWatch& owner_;
        db::WriteRequest& request_;
    };

    std::uint64_t commits() {
        const std::lock_guard lock(mutex_);
        return commits_;
    }

    db::Database& real_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t commits_ = 0;
};

}  // namespace larmor::workers::testing

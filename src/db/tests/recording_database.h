#pragma once
#include <mutex>
#include <set>
#include <string>

#include "db/database.h"

namespace larmor::db::testing {

/// The real database, with the text of every statement that was prepared noted.
class RecordingDatabase final : public Database {
public:
    /// `real` must outlive it.
    explicit RecordingDatabase(Database& real) : real_(real) {}

    std::set<std::string> statements() const {
        const std::lock_guard lock(mutex_);
        return statements_;
    }

    void submit(WriteRequest& request) override {
        real_.submit(*new RecordedRequest(*this, request));  // gone when it is done
    }
    void before_commit(std::function<Result<void>(Transaction&)> hook) override {
        real_.before_commit(std::move(hook));
    }
    Result<void> migrate(std::span<const MigrationSet> sets) override {
        return real_.migrate(sets);
    }
    WriterStats stats() const override { return real_.stats(); }

protected:
    Result<void> with_snapshot(const std::function<void(Snapshot&)>& f) override {
        return real_.read([&](Snapshot& snapshot) -> Result<void> {
            RecordedSnapshot recorded(*this, snapshot);
            f(recorded);
            return {};
        });
    }

private:
    void note(std::string_view sql) {
        const std::lock_guard lock(mutex_);
        statements_.emplace(sql);
    }

    class RecordedSnapshot final : public Snapshot {
    public:
        RecordedSnapshot(RecordingDatabase& owner, Snapshot& real)
            : owner_(owner), real_(real) {}
        Result<Query> prepare(std::string_view sql) override {
            owner_.note(sql);
            return real_.prepare(sql);
        }

    private:
        RecordingDatabase& owner_;
        Snapshot& real_;
    };

    class RecordedTransaction final : public Transaction {
    public:
        RecordedTransaction(RecordingDatabase& owner, Transaction& real)
            : owner_(owner), real_(real) {}
        Result<Query> prepare(std::string_view sql) override {
            owner_.note(sql);
            return real_.prepare(sql);
        }
        Result<void> run_script(std::string_view statements) override {
            return real_.run_script(statements);
        }
        void commit_after(std::function<Result<void>()> wait) override {
            real_.commit_after(std::move(wait));
        }
        void on_rollback(std::function<void()> undo) override {
            real_.on_rollback(std::move(undo));
        }
        void on_commit(std::function<void()> done) override {
            real_.on_commit(std::move(done));
        }

    private:
        RecordingDatabase& owner_;
        Transaction& real_;
    };

    class RecordedRequest final : public WriteRequest {
    public:
        RecordedRequest(RecordingDatabase& owner, WriteRequest& request)
            : owner_(owner), request_(request) {}
        Result<void> run(Transaction& tx) override {
            RecordedTransaction recorded(owner_, tx);
            return request_.run(recorded);
        }
        void done(Result<void> outcome) override {
            const std::unique_ptr<RecordedRequest> self(this);
            request_.done(std::move(outcome));
        }

    private:
        RecordingDatabase& owner_;
        WriteRequest& request_;
    };

    Database& real_;
    mutable std::mutex mutex_;
    std::set<std::string> statements_;
};

}  // namespace larmor::db::testing

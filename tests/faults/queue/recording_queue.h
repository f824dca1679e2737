#pragma once
#include "db/database.h"
#include "faults/queue/history_file.h"
#include "queue/queue.h"

namespace larmor::queue::testing {

/// The real database; what is done to messages in a request is written down before its commit,
/// and how the request ended before its caller hears of it.
class RecordingDatabase final : public db::Database {
public:
    /// Both must outlive it.
    RecordingDatabase(db::Database& real, HistoryFile& history)
        : real_(real), history_(history) {}

    void submit(db::WriteRequest& request) override;
    void before_commit(std::function<Result<void>(db::Transaction&)> hook) override {
        real_.before_commit(std::move(hook));
    }
    Result<void> migrate(std::span<const db::MigrationSet> sets) override {
        return real_.migrate(sets);
    }
    db::WriterStats stats() const override { return real_.stats(); }
    db::Dialect dialect() const override { return real_.dialect(); }

    /// In a request that was submitted here, on the writer's thread.
    static void note(RecordedAct act);

protected:
    Result<void> with_snapshot(const std::function<void(db::Snapshot&)>& f) override;

private:
    class Recorded;
    db::Database& real_;
    HistoryFile& history_;
};

/// The real queue, whose calls are written down. Calls with a transaction want one of
/// `database`.
class RecordingQueue final : public Queue {
public:
    /// All must outlive it.
    RecordingQueue(Queue& real, RecordingDatabase& database, HistoryFile& history)
        : real_(real), database_(database), history_(history) {}

    using Queue::dead_letter;
    using Queue::extend;
    using Queue::release;
    using Queue::remove;
    using Queue::send;
    using Queue::start;

    const std::string& name() const override { return real_.name(); }
    QueueSettings settings() const override { return real_.settings(); }
    Result<std::vector<Sent>> send(db::Transaction& tx,
                                   std::span<const NewMessage> messages) override;
    async::Task<Result<std::vector<Message>>> receive(ReceiveOptions options) override;
    Result<void> start(db::Transaction& tx, const std::string& receipt_handle) override;
    Result<void> extend(db::Transaction& tx, const std::string& receipt_handle,
                        microseconds timeout) override;
    Result<void> remove(db::Transaction& tx,
                        std::span<const std::string> receipt_handles) override;
    Result<void> release(db::Transaction& tx, const std::string& receipt_handle,
                         const Release& release) override;
    Result<void> dead_letter(db::Transaction& tx, const std::string& receipt_handle,
                             const std::string& reason, const std::string& error) override;

    Result<QueueStats> stats() override { return real_.stats(); }
    Result<std::vector<Unfinished>> list_oldest(db::Snapshot& snapshot,
                                                std::size_t head_bytes) override {
        return real_.list_oldest(snapshot, head_bytes);
    }
    Result<std::vector<DeadLetter>> list_dead_letters(MessageId after,
                                                      std::size_t limit) override {
        return real_.list_dead_letters(after, limit);
    }
    Result<std::string> read_body(MessageId id) override { return real_.read_body(id); }
    Result<std::int64_t> redrive(std::span<const MessageId> ids) override {
        return real_.redrive(ids);
    }
    Result<std::int64_t> redrive_all() override { return real_.redrive_all(); }
    Result<std::int64_t> purge() override { return real_.purge(); }
    Result<std::int64_t> purge_dead_letters() override { return real_.purge_dead_letters(); }

protected:
    db::Database& database() override { return database_; }

private:
    Queue& real_;
    RecordingDatabase& database_;
    HistoryFile& history_;
};

}  // namespace larmor::queue::testing

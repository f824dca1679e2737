#include "db/sqlite/writer.h"

#include <algorithm>
#include <chrono>

#include "async/executor.h"
#include "db/group_hooks.h"

namespace larmor::db::sqlite {
namespace {

constexpr std::uint64_t kPageBytes = 4096;

/// A disk that failed to write or sync may hold anything; a full one holds what it held.
bool is_write_failure(int extended_code) {
    return (extended_code & 0xff) == SQLITE_IOERR;
}

}  // namespace

/// The transaction of a group, as its requests see it.
class Writer::GroupTransaction final : public Transaction {
public:
    explicit GroupTransaction(Connection& connection) : connection_(connection) {}

    Result<Query> prepare(std::string_view sql) override { return connection_.prepare(sql); }
    Result<void> run_script(std::string_view statements) override {
        return connection_.execute(std::string(statements));
    }
    void commit_after(std::function<Result<void>()> wait) override {
        hooks_.commit_after(std::move(wait));
    }
    void on_rollback(std::function<void()> undo) override {
        hooks_.on_rollback(std::move(undo));
    }
    void on_commit(std::function<void()> done) override { hooks_.on_commit(std::move(done)); }
    GroupHooks& hooks() { return hooks_; }

private:
    Connection& connection_;
    GroupHooks hooks_;
};

Writer::Writer(std::unique_ptr<Connection> connection, std::unique_ptr<Connection> checkpointer,
               WriterOptions options)
    : connection_(std::move(connection)),
      checkpointer_(std::move(checkpointer)),
      options_(std::move(options)),
      policy_(options_.wal_bytes / kPageBytes) {
    // In place of SQLite's own checkpoint inside of a commit, which would hold everybody up.
    sqlite3_wal_hook(connection_->handle(), &Writer::on_log_grown, this);
    checkpoint_thread_ = std::thread([this] {
        async::name_this_thread("db-checkpoint");
        run_checkpointer();
    });
    thread_ = std::thread([this] {
        async::name_this_thread("db-writer");
        run();
    });
}

Writer::~Writer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    queue_changed_.notify_all();
    thread_.join();
    log_is_long_.notify_all();
    checkpoint_thread_.join();
}

void Writer::submit(WriteRequest& request) {
    Result<void> refused;
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) {
            refused = fail(ErrorCode::Unavailable, "the library is being closed");
        } else if (broken_) {
            refused = tl::unexpected(*broken_);
        } else if (queue_.size() >= options_.queued_max) {
            refused = fail(
                ErrorCode::Unavailable,
                "more than " + std::to_string(options_.queued_max) + " writes are waiting");
        } else {
            was_empty = queue_.empty();
            queue_.push_back(&request);
        }
    }
    if (!refused) {
        request.done(std::move(refused));
    } else if (was_empty) {
        queue_changed_.notify_one();
    }
}

void Writer::before_commit(std::function<Result<void>(Transaction&)> hook) {
    const std::lock_guard lock(mutex_);
    auto hooks = std::make_shared<Hooks>(*hooks_);
    hooks->push_back(std::move(hook));
    hooks_ = std::move(hooks);
}

WriterStats Writer::stats() const {
    const std::lock_guard lock(mutex_);
    WriterStats stats = stats_;
    stats.queued = queue_.size();
    stats.read_only = broken_.has_value();
    return stats;
}

std::uint64_t Writer::checkpoints() const {
    const std::lock_guard lock(mutex_);
    return checkpoints_;
}

void Writer::run() {
    std::vector<WriteRequest*> group;
    std::vector<Result<void>> outcomes;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            queue_changed_.wait(lock, [&] {
                return !queue_.empty() || stopping_ || checkpoint_ == Checkpoint::Copied;
            });
            if (queue_.empty() && stopping_) return;
            const auto count = std::min(queue_.size(), options_.group_max);
            group.assign(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
            queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
        }
        if (!group.empty()) {
            outcomes.assign(group.size(), Result<void>());
            run_group(group, outcomes);
            const async::PostBatch one_wake_up_per_executor;
            for (std::size_t i = 0; i < group.size(); ++i)
                group[i]->done(std::move(outcomes[i]));
        }
        checkpoint_between_groups();
    }
}

void Writer::run_group(std::vector<WriteRequest*>& group, std::vector<Result<void>>& outcomes) {
    const auto fail_all = [&](const Error& error) {
        for (auto& outcome : outcomes) {
            if (outcome) outcome = tl::unexpected(error);
        }
        const std::lock_guard lock(mutex_);
        stats_.failed += group.size();
    };
    {
        // Requests that were queued when a sync failed.
        const std::lock_guard lock(mutex_);
        if (broken_) {
            for (auto& outcome : outcomes) outcome = tl::unexpected(*broken_);
            stats_.failed += group.size();
            return;
        }
    }

    GroupTransaction transaction(*connection_);
    if (auto begun = connection_->run("BEGIN IMMEDIATE"); !begun) {
        note_io_error(begun.error(), sqlite3_extended_errcode(connection_->handle()));
        return fail_all(begun.error());
    }
    std::size_t successes = 0;
    std::optional<Error> lost;  // the engine gave the whole transaction up
    for (std::size_t i = 0; i < group.size(); ++i) {
        outcomes[i] = run_in_savepoint(*group[i], transaction);
        if (outcomes[i]) ++successes;
        if (!connection_->in_transaction()) {
            lost = outcomes[i] ? Error{ErrorCode::Unavailable, "the transaction was given up"}
                               : outcomes[i].error();
            break;
        }
    }
    if (!lost && successes > 0) {
        if (auto hooked = run_hooks(transaction); !hooked) {
            lost = hooked.error();
        } else if (auto waited = transaction.hooks().wait(); !waited) {
            lost = waited.error();
        } else if (auto committed = commit(transaction); !committed) {
            lost = committed.error();
        }
    }
    if (lost || successes == 0) {
        transaction.hooks().roll_back_to({});
        if (connection_->in_transaction()) static_cast<void>(connection_->execute("ROLLBACK"));
    }
    if (lost) return fail_all(*lost);

    const std::lock_guard lock(mutex_);
    stats_.groups += successes > 0 ? 1 : 0;
    stats_.requests += successes;
    stats_.failed += group.size() - successes;
    stats_.group_max = std::max<std::uint64_t>(stats_.group_max, successes);
}

Result<void> Writer::run_in_savepoint(WriteRequest& request, GroupTransaction& transaction) {
    const auto mark = transaction.hooks().mark();
    TRY_VOID(transaction.run("SAVEPOINT request"));
    auto outcome = request.run(transaction);
    if (outcome) {
        auto released = transaction.run("RELEASE request");
        if (released) return {};
        outcome = tl::unexpected(released.error());
    }
    transaction.hooks().roll_back_to(mark);
    if (connection_->in_transaction()) {
        // A savepoint that can't be rolled back alone takes the group with it.
        auto undone = transaction.run("ROLLBACK TO request");
        if (undone) undone = transaction.run("RELEASE request");
        if (!undone) static_cast<void>(connection_->execute("ROLLBACK"));
    }
    return outcome;
}

Result<void> Writer::run_hooks(GroupTransaction& transaction) {
    std::shared_ptr<const Hooks> hooks;
    {
        const std::lock_guard lock(mutex_);
        hooks = hooks_;
    }
    for (const auto& hook : *hooks) TRY_VOID(hook(transaction));
    return {};
}

Result<void> Writer::commit(GroupTransaction& transaction) {
    const auto start = std::chrono::steady_clock::now();
    if (auto committed = transaction.run("COMMIT"); !committed) {
        note_io_error(committed.error(), sqlite3_extended_errcode(connection_->handle()));
        return tl::unexpected(committed.error());
    }
    transaction.hooks().committed();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - start);
    const std::lock_guard lock(mutex_);
    stats_.commit_us += static_cast<std::uint64_t>(took.count());
    return {};
}

void Writer::note_io_error(const Error& error, int extended_code) {
    if (!is_write_failure(extended_code)) return;
    const std::lock_guard lock(mutex_);
    if (broken_) return;
    broken_ =
        Error{ErrorCode::NoSpace,
              "the library is read-only since a write to the disk failed (" + error.message +
                  "): nobody knows what the disk holds until the program was restarted"};
    if (options_.on_write_failure) options_.on_write_failure(error);
}

int Writer::on_log_grown(void* self, sqlite3* /*handle*/, const char* /*schema*/, int frames) {
    static_cast<Writer*>(self)->log_pages_ = static_cast<std::uint64_t>(frames);
    return SQLITE_OK;
}

void Writer::checkpoint_between_groups() {
    CheckpointTry attempt;
    {
        std::unique_lock lock(mutex_);
        if (checkpoint_ == Checkpoint::Idle &&
            policy_.is_due(log_pages_, CheckpointTry::Clock::now())) {
            checkpoint_ = Checkpoint::Wanted;
            log_is_long_.notify_one();
        }
        // A disk that copies more slowly than commits come must not make the log endless.
        if (policy_.commits_wait(log_pages_)) {
            queue_changed_.wait(lock,
                                [&] { return stopping_ || checkpoint_ == Checkpoint::Copied; });
        }
        if (checkpoint_ != Checkpoint::Copied) return;
        checkpoint_ = Checkpoint::Idle;
        ++checkpoints_;
        attempt = attempt_;
    }
    if (!CheckpointPolicy::ends_between_commits(log_pages_, attempt)) {
        policy_.tried(log_pages_, attempt);
        return;
    }
    // The other thread has copied all but the frames of the last moment. Copying these here,
    // while nothing is written, lets the next commit begin the log anew instead of making it
    // longer.
    attempt = copy_log_back(*connection_);
    if (attempt.is_held_back()) {
        policy_.tried(log_pages_, attempt);
    } else {
        policy_.copied_all();
        log_pages_ = 0;
    }
}

CheckpointTry Writer::copy_log_back(Connection& connection) {
    const auto start = CheckpointTry::Clock::now();
    int log = 0;
    int copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(connection.handle(), nullptr,
                                               SQLITE_CHECKPOINT_PASSIVE, &log, &copied);
    const auto end = CheckpointTry::Clock::now();
    if (code == SQLITE_OK) {
        return {.log_pages = static_cast<std::uint64_t>(log),
                .copied_pages = static_cast<std::uint64_t>(copied),
                .took = end - start,
                .ended = end};
    }
    // Busy: somebody else is at it, or has locked the library.
    if (code != SQLITE_BUSY) {
        note_io_error(error_of(code, connection.handle(), "checkpoint"), code);
    }
    return {.log_pages = 1, .copied_pages = 0, .took = end - start, .ended = end};
}

void Writer::run_checkpointer() {
    std::unique_lock lock(mutex_);
    for (;;) {
        log_is_long_.wait(lock, [&] { return stopping_ || checkpoint_ == Checkpoint::Wanted; });
        if (stopping_) return;
        checkpoint_ = Checkpoint::Running;
        lock.unlock();
        const CheckpointTry attempt = copy_log_back(*checkpointer_);
        lock.lock();
        attempt_ = attempt;
        checkpoint_ = Checkpoint::Copied;
        queue_changed_.notify_one();
    }
}

}  // namespace larmor::db::sqlite

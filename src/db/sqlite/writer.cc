#include "db/sqlite/writer.h"

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
      copying_(std::move(checkpointer)),
      options_(std::move(options)),
      queue_(options_.queue),
      checkpointer_(*connection_, *copying_, options_.wal_bytes / kPageBytes,
                    {.wake_writer = [this] { queue_.wake(); },
                     .on_io_error = [this](const Error& error,
                                           int code) { note_io_error(error, code); }}),
      thread_([this] {
          async::name_this_thread("db-writer");
          run();
      }) {}

Writer::~Writer() {
    queue_.close();
    checkpointer_.stop();
    thread_.join();
}

void Writer::run() {
    std::vector<WriteRequest*> group;
    std::vector<Result<void>> outcomes;
    while (queue_.take(group)) {
        if (!group.empty()) {
            outcomes.assign(group.size(), Result<void>());
            run_group(group, outcomes);
            const async::PostBatch one_wake_up_per_executor;
            for (std::size_t i = 0; i < group.size(); ++i)
                group[i]->done(std::move(outcomes[i]));
        }
        checkpointer_.between_groups();
    }
}

void Writer::run_group(std::vector<WriteRequest*>& group, std::vector<Result<void>>& outcomes) {
    const auto fail_all = [&](const Error& error) {
        for (auto& outcome : outcomes) {
            if (outcome) outcome = tl::unexpected(error);
        }
        queue_.count_group(0, group.size());
    };
    // Requests that were queued when a sync failed.
    if (const auto broken = queue_.refusal()) return fail_all(*broken);

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
        if (auto hooked = queue_.run_hooks(transaction); !hooked) {
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

    queue_.count_group(successes, group.size() - successes);
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

Result<void> Writer::commit(GroupTransaction& transaction) {
    const auto start = std::chrono::steady_clock::now();
    if (auto committed = transaction.run("COMMIT"); !committed) {
        note_io_error(committed.error(), sqlite3_extended_errcode(connection_->handle()));
        return tl::unexpected(committed.error());
    }
    transaction.hooks().committed();
    queue_.count_commit(std::chrono::steady_clock::now() - start);
    return {};
}

void Writer::note_io_error(const Error& error, int extended_code) {
    if (!is_write_failure(extended_code)) return;
    const bool is_first = queue_.refuse(
        {ErrorCode::NoSpace,
         "the library is read-only since a write to the disk failed (" + error.message +
             "): nobody knows what the disk holds until the program was restarted"});
    if (is_first && options_.on_write_failure) options_.on_write_failure(error);
}

}  // namespace larmor::db::sqlite

#include "db/postgres/writer.h"

#include <algorithm>

#include "async/executor.h"
#include "async/retry.h"
#include "db/group_hooks.h"

namespace larmor::db::postgres {
namespace {

using std::chrono::steady_clock;

constexpr unsigned kAttemptsMax = 10;
const async::RetryOptions kInTheWay{.delay_first = std::chrono::milliseconds(5),
                                    .delay_max = std::chrono::milliseconds(500)};
const async::RetryOptions kReconnect{.delay_first = std::chrono::milliseconds(50),
                                     .delay_max = std::chrono::milliseconds(1000)};

void fail_open(std::span<Result<void>> outcomes, const Error& error) {
    for (auto& outcome : outcomes) {
        if (outcome) outcome = tl::unexpected(error);
    }
}

}  // namespace

/// The transaction of a group, as its requests see it.
class Writer::GroupTransaction final : public Transaction {
public:
    explicit GroupTransaction(Connection& connection)
        : connection_(connection), failed_before_(connection.failed_count()) {}

    Result<Query> prepare(std::string_view sql) override { return connection_.prepare(sql); }
    Dialect dialect() const override { return Dialect::Postgres; }
    Result<Time> now() override { return connection_.now(); }
    Result<void> run_script(std::string_view statements) override {
        return connection_.run_script(std::string(statements));
    }
    void commit_after(std::function<Result<void>()> wait) override {
        hooks_.commit_after(std::move(wait));
    }
    void on_rollback(std::function<void()> undo) override {
        hooks_.on_rollback(std::move(undo));
    }
    void on_commit(std::function<void()> done) override { hooks_.on_commit(std::move(done)); }

    GroupHooks& hooks() { return hooks_; }
    /// Whether a statement of the group did, as of what was awaited.
    bool has_failed() const { return connection_.failed_count() != failed_before_; }
    Connection& connection() { return connection_; }

private:
    Connection& connection_;
    const std::uint64_t failed_before_;
    GroupHooks hooks_;
};

Writer::Writer(WriterOptions options, std::unique_ptr<Connection> connection)
    : options_(std::move(options)), queue_(options_.queue), connection_(std::move(connection)) {
    thread_ = std::thread([this] {
        async::name_this_thread("db-writer");
        run();
    });
}

Writer::~Writer() {
    queue_.close();
    thread_.join();
}

void Writer::run() {
    std::vector<WriteRequest*> group;
    std::vector<Result<void>> outcomes;
    while (queue_.take(group)) {
        outcomes.assign(group.size(), Result<void>());
        run_group(group, outcomes);
        const async::PostBatch one_wake_up_per_executor;
        for (std::size_t i = 0; i < group.size(); ++i) group[i]->done(std::move(outcomes[i]));
    }
}

void Writer::run_group(Requests requests, Outcomes outcomes) {
    const auto until = steady_clock::now() + options_.reconnect_wait;
    Attempt attempt = Attempt::Lost;
    Pace pace = Pace::Quick;
    for (unsigned number = 1; attempt != Attempt::Done; ++number) {
        std::ranges::fill(outcomes, Result<void>());
        if (const auto connected = connect(until); !connected) {
            fail_open(outcomes, connected.error());
            break;
        }
        if (const auto introduced = introduce(); !introduced) {
            fail_open(outcomes, introduced.error());
            if (connection_->is_lost() && steady_clock::now() < until) continue;
            break;
        }
        attempt = try_group(requests, outcomes, pace);
        if (attempt == Attempt::Done) break;
        queue_.count_run_again(requests.size());
        if (attempt == Attempt::Unclear) {
            pace = Pace::OneByOne;
            continue;
        }
        if (attempt == Attempt::Lost && steady_clock::now() < until) continue;
        if (attempt == Attempt::Lost || number >= kAttemptsMax) break;
        if (requests.size() > 1) {
            for (std::size_t i = 0; i < requests.size(); ++i) {
                run_group(requests.subspan(i, 1), outcomes.subspan(i, 1));
            }
            return;  // they have counted themselves
        }
        if (!queue_.pause(async::backoff_delay(kInTheWay, number, async::random_unit()))) break;
    }
    const auto succeeded = static_cast<std::size_t>(
        std::ranges::count_if(outcomes, [](const auto& outcome) { return bool(outcome); }));
    queue_.count_group(succeeded, requests.size() - succeeded);
}

Writer::Attempt Writer::try_group(Requests requests, Outcomes outcomes, Pace pace) {
    Connection& connection = *connection_;
    connection.set_deadline(steady_clock::now() + options_.group_limit);
    connection.clear_in_the_way();
    GroupTransaction transaction(connection);
    if (const auto begun = connection.send("BEGIN"); !begun) {
        return give_up(transaction, outcomes, begun.error());
    }
    bool any = false;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        outcomes[i] = run_request(*requests[i], transaction, requests.size() == 1, pace);
        const bool is_its_own = requests.size() == 1 && !outcomes[i];
        if (!is_its_own && is_unclear(transaction, pace)) return give_up_unclear(transaction);
        if (connection.is_lost() || connection.was_in_the_way()) {
            const Error why = outcomes[i] ? Error{ErrorCode::Unavailable,
                                                  "another transaction was "
                                                  "in the way"}
                                          : outcomes[i].error();
            return give_up(transaction, outcomes, why);
        }
        any = any || outcomes[i];
    }
    if (!any) {
        give_up(transaction, {}, {});
        return Attempt::Done;
    }
    if (const auto hooked = queue_.run_hooks(transaction); !hooked) {
        if (is_unclear(transaction, pace)) return give_up_unclear(transaction);
        return give_up(transaction, outcomes, hooked.error());
    }
    return commit(transaction, outcomes, pace);
}

bool Writer::is_unclear(GroupTransaction& transaction, Pace pace) {
    const Connection& connection = transaction.connection();
    return pace == Pace::Quick && transaction.has_failed() && !connection.is_lost() &&
           !connection.was_in_the_way();
}

Writer::Attempt Writer::give_up_unclear(GroupTransaction& transaction) {
    const Attempt attempt = give_up(transaction, {}, {});
    return attempt == Attempt::Done ? Attempt::Unclear : attempt;
}

Writer::Attempt Writer::give_up(GroupTransaction& transaction, Outcomes outcomes,
                                const Error& why) {
    transaction.hooks().roll_back_to({});
    Connection& connection = *connection_;
    if (!connection.is_lost()) {
        static_cast<void>(connection.await_sent());
        static_cast<void>(connection.send("ROLLBACK"));
        static_cast<void>(connection.await_sent());
    }
    for (auto& outcome : outcomes) outcome = tl::unexpected(why);
    if (connection.is_lost()) return Attempt::Lost;
    return connection.was_in_the_way() ? Attempt::InTheWay : Attempt::Done;
}

Result<void> Writer::run_request(WriteRequest& request, GroupTransaction& transaction,
                                 bool is_alone, Pace pace) {
    Connection& connection = transaction.connection();
    const auto mark = transaction.hooks().mark();
    // A request that is alone has the transaction as its savepoint.
    if (!is_alone) TRY_VOID(connection.send("SAVEPOINT request"));
    Result<void> outcome = request.run(transaction);
    if (pace == Pace::OneByOne) {
        // What it sent and did not await: the error belongs to it, not to the next one.
        if (const auto awaited = connection.await_sent(); outcome && !awaited)
            outcome = awaited;
        if (outcome && !connection.is_in_good_transaction()) {
            outcome = fail(ErrorCode::InvalidInput,
                           "SQL: the request went on after a statement that failed");
        }
    }
    if (outcome) {
        if (!is_alone) return connection.send("RELEASE request");
        return {};
    }
    transaction.hooks().roll_back_to(mark);
    if (!is_alone && !connection.is_lost()) {
        static_cast<void>(connection.send("ROLLBACK TO request"));
        static_cast<void>(connection.send("RELEASE request"));
    }
    return outcome;
}

Writer::Attempt Writer::commit(GroupTransaction& transaction, Outcomes outcomes, Pace pace) {
    Connection& connection = transaction.connection();
    // Awaited: from here until its end the server keeps the row locked for this transaction.
    const std::int64_t number = ++commits_;
    if (const auto marked = mark_commit(connection, name_, number); !marked) {
        if (is_unclear(transaction, pace)) return give_up_unclear(transaction);
        return give_up(transaction, outcomes, marked.error());
    }
    if (const auto waited = transaction.hooks().wait(); !waited) {
        return give_up(transaction, outcomes, waited.error());
    }
    const auto start = steady_clock::now();
    connection.set_deadline(start + options_.group_limit);
    Result<void> committed = connection.send("COMMIT");
    if (committed) committed = connection.await_sent();
    if (connection.is_lost()) return settle(number, transaction, outcomes);
    if (!committed) return give_up(transaction, outcomes, committed.error());
    transaction.hooks().committed();
    queue_.count_commit(steady_clock::now() - start);
    return Attempt::Done;
}

Writer::Attempt Writer::settle(std::int64_t number, GroupTransaction& transaction,
                               Outcomes outcomes) {
    const auto until = steady_clock::now() + options_.reconnect_wait;
    std::string why = "it took too long";
    while (steady_clock::now() < until) {
        if (const auto connected = connect(until); !connected) {
            why = connected.error().message;
            break;
        }
        connection_->set_deadline(until);
        const auto last = last_commit(*connection_, name_);
        if (!last && connection_->is_lost()) continue;
        if (!last) {
            why = last.error().message;
            break;
        }
        if (*last >= number) {
            transaction.hooks().committed();
            return Attempt::Done;
        }
        transaction.hooks().roll_back_to({});
        fail_open(outcomes, {ErrorCode::Unavailable, "the connection was lost"});
        return Attempt::Lost;
    }
    transaction.hooks().roll_back_to({});
    fail_open(outcomes, {ErrorCode::OutcomeUnknown,
                         "the connection to PostgreSQL was lost during a commit, and nobody "
                         "could say whether it took place: " +
                             why});
    return Attempt::Done;
}

Result<void> Writer::introduce() {
    if (is_introduced_) return {};
    connection_->set_deadline(steady_clock::now() + options_.group_limit);
    TRY_VOID(introduce_writer(*connection_, name_));
    is_introduced_ = true;
    return {};
}

Result<void> Writer::connect(SteadyTime until) {
    if (connection_ && !connection_->is_lost()) return {};
    for (unsigned number = 1;; ++number) {
        auto opened = Connection::open(options_.connection);
        if (opened) {
            connection_ = std::move(*opened);
            is_down_ = false;
            ++reconnects_;
            return {};
        }
        const auto delay = async::backoff_delay(kReconnect, number, async::random_unit());
        if (is_down_ || steady_clock::now() + delay > until || !queue_.pause(delay)) {
            is_down_ = true;
            return tl::unexpected(out_of_reach(opened.error()));
        }
    }
}

}  // namespace larmor::db::postgres

#include "db/postgres/migrate.h"

#include "db/migration_plan.h"

namespace larmor::db::postgres {
namespace {

/// "Larmor" as a number: who else takes advisory locks in this database does so by another.
constexpr std::int64_t kLock = 0x4c61726d6f72;
/// For the migrations of another process that started at the same time, and for ours.
constexpr std::chrono::minutes kLimit{60};

/// For one step. Nobody waits for it, so there is nothing to tell afterwards.
class MigrationTransaction final : public Transaction {
public:
    explicit MigrationTransaction(Connection& connection) : connection_(connection) {}
    Result<Query> prepare(std::string_view sql) override { return connection_.prepare(sql); }
    Dialect dialect() const override { return Dialect::Postgres; }
    Result<Time> now() override { return connection_.now(); }
    Result<void> run_script(std::string_view statements) override {
        return connection_.run_script(std::string(statements));
    }
    void commit_after(std::function<Result<void>()> /*wait*/) override {}
    void on_rollback(std::function<void()> /*undo*/) override {}
    void on_commit(std::function<void()> /*done*/) override {}

private:
    Connection& connection_;
};

template <typename F>
Result<void> in_transaction(Connection& connection, F f) {
    TRY_VOID(connection.run_script("BEGIN"));
    MigrationTransaction transaction(connection);
    if (const Result<void> outcome = f(transaction); !outcome) {
        static_cast<void>(connection.await_sent());
        static_cast<void>(connection.run_script("ROLLBACK"));
        return outcome;
    }
    return connection.run_script("COMMIT");
}

}  // namespace

Result<void> migrate(Connection::Settings settings, std::span<const MigrationSet> sets) {
    settings.statement_limit = {};
    settings.lock_limit = {};
    settings.idle_limit = {};
    TRY(const auto connection, Connection::open(settings));
    connection->set_deadline(std::chrono::steady_clock::now() + kLimit);
    // Until the connection ends, also when this process is killed.
    TRY_VOID(connection->run_script("SELECT pg_advisory_lock(" + std::to_string(kLock) + ")"));
    MigrationPlan plan(sets, Dialect::Postgres);
    TRY_VOID(in_transaction(*connection, MigrationPlan::make_table));
    TRY_VOID(in_transaction(*connection, [&](Transaction& tx) { return plan.compare(tx); }));
    for (const auto& step : plan.missing()) {
        TRY_VOID(in_transaction(
            *connection, [&](Transaction& tx) { return MigrationPlan::apply(tx, step); }));
    }
    return {};
}

}  // namespace larmor::db::postgres

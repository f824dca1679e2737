#include <set>

#include "db/postgres/postgres_database.h"
#include "db/tests/postgres_server.h"
#include "db/tests/temp_library.h"
#include "queue/postgres/postgres_queues.h"
#include "queue/tests/queue_conformance.h"

namespace larmor::queue {
namespace {

using db::testing::must;
using db::testing::PostgresServer;

/// The queues of a library on the shared server. Time is moved as the queues have it, by
/// another connection: by the offset of their clock. The wall clock is moved under it.
class PostgresQueuesUnderTest final : public QueuesUnderTest {
public:
    explicit PostgresQueuesUnderTest(std::chrono::nanoseconds poll_every)
        : poll_every_(poll_every),
          url_(PostgresServer::shared()->make_library()),
          clock_(must(db::postgres::open_postgres({.url = url_}))) {
        must(clock_->migrate(std::array{migrations()}));
        open();
    }
    Queues& queues() override { return *queues_; }
    db::Database& database() override { return *database_; }
    void wrap_database(Wrap wrap) override {
        wrap_ = std::move(wrap);
        open_queues();
    }
    Time now() override {
        return must(clock_->read([](db::Snapshot& snapshot) -> Result<Time> {
            TRY(db::Query query,
                snapshot.prepare("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000"
                                 " AS BIGINT) + offset_us FROM queue_clock"));
            TRY_VOID(query.next());
            return Time(microseconds(query.int64(0)));
        }));
    }
    void let_pass(microseconds time) override {
        must(clock_->write_and_wait([&](db::Transaction& tx) {
            return tx.run("UPDATE queue_clock SET offset_us = offset_us + ?1", time.count());
        }));
    }
    void set_wall_clock(microseconds by) override { step_us_ += by.count(); }
    void reopen() override {
        queues_.reset();
        wrapped_.reset();
        database_.reset();
        open();
    }
    const std::string& url() const { return url_; }

private:
    void open() {
        database_ = must(db::postgres::open_postgres({.url = url_}));
        open_queues();
    }
    void open_queues() {
        queues_.reset();
        wrapped_.reset();
        if (wrap_) wrapped_ = wrap_(*database_);
        db::Database& used = wrapped_ ? *wrapped_ : *database_;
        queues_ = must(postgres::open_postgres_queues(
            used, {.poll_every = poll_every_, .server_step_us = &step_us_}));
    }

    const std::chrono::nanoseconds poll_every_;
    const std::string url_;
    std::atomic<std::int64_t> step_us_{0};
    std::unique_ptr<db::Database> clock_;
    std::unique_ptr<db::Database> database_;
    Wrap wrap_;
    std::unique_ptr<db::Database> wrapped_;
    std::unique_ptr<Queues> queues_;
};

INSTANTIATE_TEST_SUITE_P(
    Postgres, QueueConformance,
    ::testing::Values(QueuesFactory{
        "postgres",
        [](std::chrono::nanoseconds poll_every) -> std::unique_ptr<QueuesUnderTest> {
            if (PostgresServer::shared() == nullptr) return nullptr;
            return std::make_unique<PostgresQueuesUnderTest>(poll_every);
        }}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace larmor::queue

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
        queues_ = must(postgres::open_postgres_queues(used, {.poll_every = poll_every_,
                                                             .known_for = 0us,
                                                             .goes_on_for = 1h,
                                                             .server_step_us = &step_us_}));
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

/// As two processes have it: each its own connections over the same rows.
class TwoProcesses : public ::testing::Test {
protected:
    struct Process {
        explicit Process(const std::string& url)
            : database(must(db::postgres::open_postgres({.url = url}))) {
            must(database->migrate(std::array{migrations()}));
            // Only a hint can wake who waits.
            queues = must(postgres::open_postgres_queues(
                *database, {.url = url, .poll_every = 1h, .goes_on_for = 1h}));
            queue = must(queues->create("work", {}));
        }
        ~Process() {
            queues.reset();
            database.reset();
        }
        void send(const NewMessage& message) const {
            must(async::sync_wait(queue->send(std::vector{message})));
        }
        Message receive_one() const {
            auto received = must(async::sync_wait(queue->receive({})));
            EXPECT_EQ(received.size(), 1U);
            return received.empty() ? Message{} : std::move(received[0]);
        }
        std::vector<std::string> bodies_of_rest() const {
            std::vector<std::string> bodies;
            for (const auto& message :
                 must(async::sync_wait(queue->receive({.messages_max = 10})))) {
                bodies.push_back(message.body);
            }
            return bodies;
        }
        std::unique_ptr<db::Database> database;
        std::unique_ptr<Queues> queues;
        Queue* queue = nullptr;
    };
    void SetUp() override {
        if (PostgresServer::shared() == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
        url_ = PostgresServer::shared()->make_library();
    }
    std::string url_;
};

TEST_F(TwoProcesses, AReceiverIsWokenByASendOfTheOther) {
    Process sender(url_);
    Process receiver(url_);
    for (int round = 0; round < 20; ++round) {
        std::thread sending([&] {
            must(async::sync_wait(
                sender.queue->send(std::vector{NewMessage{.body = std::to_string(round)}})));
        });
        // Waits already, or finds it at once: both are right.
        const auto received =
            must(async::sync_wait(receiver.queue->receive({.wait_max = 50s})));
        sending.join();
        ASSERT_EQ(received.size(), 1U);
        EXPECT_EQ(received[0].body, std::to_string(round));
        must(async::sync_wait(receiver.queue->remove(std::vector{received[0].receipt_handle})));
    }
}

TEST_F(TwoProcesses, AMessageComesBackThoughNothingWasDueWhenTheTimeWasAskedLast) {
    const Process process(url_);
    must(async::sync_wait(process.queue->send(std::vector{NewMessage{.body = "again"}})));
    const auto first =
        must(async::sync_wait(process.queue->receive({.visibility_timeout = 1ms})));
    ASSERT_EQ(first.size(), 1U);
    std::vector<Message> second;
    while (second.empty()) second = must(async::sync_wait(process.queue->receive({})));
    EXPECT_EQ(second[0].receive_count, 2);
}

TEST_F(TwoProcesses, ReceivesGoOnFromWhereTheLastOneEndedUntilTheyGetLessThanTheyAskFor) {
    const Process ours(url_);
    const Process other(url_);
    for (const char* body : {"0", "1", "2", "3"}) ours.send({.body = body});
    const Message first = other.receive_one();
    EXPECT_EQ(first.body, "0");
    EXPECT_EQ(ours.receive_one().body, "1");
    must(async::sync_wait(other.queue->release(first.receipt_handle, {})));

    EXPECT_EQ(ours.receive_one().body, "2") << "the front was looked at again";
    EXPECT_EQ(ours.bodies_of_rest(), (std::vector<std::string>{"0", "3"}));
}

TEST_F(TwoProcesses, AHigherPriorityOfAnotherProcessDoesNotWaitForTheFrontToBeLookedAt) {
    const Process ours(url_);
    const Process other(url_);
    for (const char* body : {"0", "1", "2"}) ours.send({.body = body});
    EXPECT_EQ(ours.receive_one().body, "0");
    other.send({.body = "high", .priority = 1});

    EXPECT_EQ(ours.receive_one().body, "high");
    EXPECT_EQ(ours.receive_one().body, "1");
}

TEST_F(TwoProcesses, WhatAProcessGivesBackItselfComesFirst) {
    const Process ours(url_);
    for (const char* body : {"0", "1", "2"}) ours.send({.body = body});
    const Message first = ours.receive_one();
    EXPECT_EQ(ours.receive_one().body, "1");
    must(async::sync_wait(ours.queue->release(first.receipt_handle, {})));

    EXPECT_EQ(ours.receive_one().body, "0");
    EXPECT_EQ(ours.receive_one().body, "2");
}

TEST_F(TwoProcesses, ShareTheMessagesAndEachIsDoneOnce) {
    constexpr int kMessages = 300;
    Process sender(url_);
    must(sender.database->write_and_wait([](db::Transaction& tx) -> Result<void> {
        TRY_VOID(
            tx.run_script("CREATE TABLE done (body TEXT NOT NULL, process BIGINT NOT NULL)"));
        return {};
    }));
    std::vector<NewMessage> messages;
    for (int i = 0; i < kMessages; ++i) messages.push_back({.body = std::to_string(i)});
    must(async::sync_wait(sender.queue->send(std::move(messages))));

    std::vector<std::thread> workers;
    for (std::int64_t process = 0; process < 3; ++process) {
        workers.emplace_back([&, process] {
            Process own(url_);
            for (;;) {
                const auto batch =
                    must(async::sync_wait(own.queue->receive({.messages_max = 7})));
                if (batch.empty()) return;
                must(own.database->write_and_wait([&](db::Transaction& tx) -> Result<void> {
                    for (const Message& message : batch) {
                        TRY_VOID(tx.run("INSERT INTO done (body, process) VALUES (?1, ?2)",
                                        message.body, process));
                        TRY_VOID(own.queue->remove(tx, message.receipt_handle));
                    }
                    return {};
                }));
            }
        });
    }
    for (auto& worker : workers) worker.join();
    EXPECT_EQ(must(sender.queue->stats()).depth(), 0);
    EXPECT_EQ(db::testing::count(*sender.database, "SELECT count(*) FROM done"), kMessages);
    EXPECT_EQ(db::testing::count(*sender.database, "SELECT count(DISTINCT body) FROM done"),
              kMessages);
}

}  // namespace
}  // namespace larmor::queue

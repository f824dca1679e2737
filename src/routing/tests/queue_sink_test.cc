#include "routing/queue_sink.h"

#include <gtest/gtest.h>

#include <array>

#include "async/sync_wait.h"
#include "db/tests/each_driver.h"
#include "events/rules.h"
#include "queue/postgres/postgres_queues.h"
#include "queue/sqlite/sqlite_queues.h"
#include "routing/index_sequence.h"
#include "routing/webhook_message.h"

namespace larmor::routing {
namespace {

using db::testing::must;
using events::TargetKind;

/// A log, rules and queues over one database, wired as the library wires them.
class QueueSinkTest : public db::testing::EachDriver {
protected:
    void SetUp() override {
        EachDriver::SetUp();
        if (IsSkipped()) return;
        database_ = library_.open();
        must(database_->migrate(std::array{events::migrations(), queue::migrations()}));
        log_ = must(events::EventLog::open(*database_));
        queues_ = GetParam() == db::Dialect::Sqlite
                      ? must(queue::sqlite::open_sqlite_queues(*database_, {}))
                      : must(queue::postgres::open_postgres_queues(*database_, {}));
        sink_ = std::make_unique<QueueSink>(*queues_);
        router_ = must(events::Router::open(*database_, *sink_));
        router_->attach(*database_, *log_);
    }
    void TearDown() override {
        log_.reset();
        database_.reset();
    }

    void add_rule(std::string name, std::vector<events::Target> targets) {
        const events::RuleDraft draft{.name = std::move(name),
                                      .pattern = R"({"detail-type": [{"prefix": "Image"}]})",
                                      .targets = std::move(targets)};
        must(database_->write_and_wait(
            [&](db::Transaction& tx) { return rules_.create(tx, draft); }));
    }
    Result<events::Position> append(db::Transaction& tx, std::string_view detail_type,
                                    std::string_view detail = "{}") {
        return log_->append(tx, {.detail_type = detail_type, .detail = detail, .resource = ""});
    }
    void publish(std::string_view detail_type, std::string_view detail = "{}") {
        must(database_->write_and_wait(
            [&](db::Transaction& tx) { return append(tx, detail_type, detail); }));
        must(log_->number_committed());
    }
    queue::Queue& make_queue(const std::string& name,
                             const queue::QueueSettings& settings = {}) {
        return *must(queues_->create(name, settings));
    }
    static std::vector<queue::Message> receive(queue::Queue& queue) {
        return must(async::sync_wait(queue.receive({.messages_max = 100})));
    }

    events::Rules rules_;
    std::unique_ptr<db::Database> database_;
    std::unique_ptr<events::EventLog> log_;
    std::unique_ptr<queue::Queues> queues_;
    std::unique_ptr<QueueSink> sink_;
    std::unique_ptr<events::Router> router_;
};

TEST_P(QueueSinkTest, AMatchingEventIsAMessageWithItsEnvelope) {
    auto& queue = make_queue("index");
    add_rule("all-images", {{TargetKind::Queue, "index"}});
    publish("Image Set Created", R"({"imageSetVersion":"1"})");
    publish("Something Else");
    const auto received = receive(queue);
    ASSERT_EQ(received.size(), 1);
    EXPECT_NE(received[0].body.find(R"("detail-type":"Image Set Created")"), std::string::npos);
    EXPECT_NE(received[0].body.find(R"({"imageSetVersion":"1"})"), std::string::npos);
}

TEST_P(QueueSinkTest, ATargetOfTheIndexIsWhereTheOldestEventIsThatIsNotDone) {
    auto& queue = make_queue("index-x");
    add_rule("index-x", {{TargetKind::Queue, "index-x"}});
    const auto sequence = [&] {
        return must(database_->read(
            [&](db::Snapshot& snapshot) { return read_index_sequence(snapshot, queue); }));
    };
    const auto remove = [&](const queue::Message& message) {
        return must(async::sync_wait(queue.remove({message.receipt_handle})));
    };
    for (int i = 0; i < 4; ++i) publish("Image Set Created");
    EXPECT_EQ(sequence().log, (events::Position{1, 4}));
    EXPECT_EQ(sequence().applied, (events::Position{1, 0}));

    const auto received = receive(queue);
    ASSERT_EQ(received.size(), 4);
    // Done out of order, as by workers that run together.
    remove(received[0]);
    remove(received[2]);
    EXPECT_EQ(sequence().applied, (events::Position{1, 1}));
    EXPECT_EQ(sequence().held_by, std::nullopt);

    must(async::sync_wait(queue.dead_letter(received[1].receipt_handle, "poison", "")));
    remove(received[3]);
    EXPECT_EQ(sequence().applied, (events::Position{1, 1}));
    EXPECT_EQ(sequence().tried, (events::Position{1, 4}));
    EXPECT_EQ(sequence().held_by, received[1].id);

    publish("Something Else");
    must(queue.redrive_all());
    publish("Image Set Created");
    EXPECT_EQ(sequence().applied, (events::Position{1, 1})) << "sent anew behind the fifth";
    EXPECT_EQ(sequence().tried, (events::Position{1, 1}));
    for (const auto& message : receive(queue)) remove(message);
    EXPECT_EQ(sequence().applied, (events::Position{1, 6}));
}

TEST_P(QueueSinkTest, WhatIsRolledBackWasNeverSent) {
    auto& queue = make_queue("index");
    add_rule("all-images", {{TargetKind::Queue, "index"}});
    const auto rolled_back =
        database_->write_and_wait([&](db::Transaction& tx) -> Result<void> {
            TRY_VOID(append(tx, "Image Set Created"));
            return fail(ErrorCode::Cancelled, "no");
        });
    EXPECT_FALSE(rolled_back);
    publish("Something Else");
    EXPECT_TRUE(receive(queue).empty());
}

TEST_P(QueueSinkTest, AMissingQueueCostsItsMessagesOnly) {
    auto& queue = make_queue("index");
    add_rule("both", {{TargetKind::Queue, "gone"}, {TargetKind::Queue, "index"}});
    publish("Image Set Created");
    EXPECT_EQ(receive(queue).size(), 1);
    // Made later, it gets what comes from then on.
    auto& late = make_queue("gone");
    publish("Image Set Updated");
    EXPECT_EQ(receive(late).size(), 1);
}

TEST_P(QueueSinkTest, AnEnvelopeTooLargeForAMessageCostsItself) {
    auto& queue = make_queue("index");
    add_rule("all-images", {{TargetKind::Queue, "index"}});
    publish("Image Set Created",
            R"({"text":")" + std::string(queue::limits::kBodyBytes, 'x') + R"("})");
    publish("Image Set Updated");
    const auto received = receive(queue);
    ASSERT_EQ(received.size(), 1);
    EXPECT_NE(received[0].body.find("Image Set Updated"), std::string::npos);
}

TEST_P(QueueSinkTest, AFifoQueueHasTheOrderOfTheLog) {
    auto& queue = make_queue("ordered", {.fifo = true});
    add_rule("all-images", {{TargetKind::Queue, "ordered"}});
    must(database_->write_and_wait([&](db::Transaction& tx) -> Result<void> {
        for (int i = 0; i < 3; ++i) {
            TRY_VOID(append(tx, "Image Set Created", R"({"n":)" + std::to_string(i) + "}"));
        }
        return {};
    }));
    must(log_->number_committed());
    for (int i = 0; i < 3; ++i) {
        const auto received = receive(queue);
        ASSERT_EQ(received.size(), 1);
        EXPECT_NE(received[0].body.find(R"({"n":)" + std::to_string(i) + "}"),
                  std::string::npos);
        must(async::sync_wait(queue.remove({received[0].receipt_handle})));
    }
}

TEST_P(QueueSinkTest, AWebhookGetsUrlIdAndEnvelope) {
    auto& queue = make_queue(kWebhookQueue);
    add_rule("hook", {{TargetKind::Webhook, "https://example.org/hook"}});
    publish("Image Set Created");
    const auto received = receive(queue);
    ASSERT_EQ(received.size(), 1);
    const WebhookMessage message = must(parse_webhook_message(received[0].body));
    EXPECT_EQ(message.url, "https://example.org/hook");
    EXPECT_NE(message.envelope.find(message.event_id), std::string::npos);
    EXPECT_TRUE(message.envelope.starts_with("{"));
}

TEST(WebhookMessageTest, WhatIsNoneIsRefused) {
    EXPECT_FALSE(parse_webhook_message(""));
    EXPECT_FALSE(parse_webhook_message("https://example.org\nid"));
}

LARMOR_EACH_DRIVER(QueueSinkTest);

}  // namespace
}  // namespace larmor::routing

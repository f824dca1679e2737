#include "workers/steps/replay_job.h"

#include "events/event_log.h"
#include "events/rules.h"
#include "events/sequencer.h"
#include "routing/queue_sink.h"
#include "routing/webhook_message.h"
#include "workers/steps/tests/job_fixture.h"

namespace larmor::workers {
namespace {

using jobs::Job;
using jobs::JobState;
using testing::must;

class ReplayJobTest : public testing::RunJobFixture {
protected:
    void SetUp() override {
        RunJobFixture::SetUp();
        if (IsSkipped()) return;
        must(database_->migrate(std::array{events::migrations()}));
        log_ = must(events::EventLog::open(*database_));
        log_->start_numbering();
        target_ = must(queues_->create("index", {}));
        sink_ = std::make_unique<routing::QueueSink>(*queues_);
        kinds_.emplace("replay", std::make_unique<ReplayJob>(*queues_, *sink_));
    }
    void TearDown() override {
        RunJobFixture::TearDown();
        kinds_.clear();
        database_.reset();
    }
    void publish(int count) {
        must(write([&](db::Transaction& tx) -> Result<void> {
            for (int i = 0; i < count; ++i) {
                const std::string detail = R"({"number":)" + std::to_string(i) + '}';
                TRY_VOID(log_->append(tx, {.detail_type = i % 2 == 0 ? "Even" : "Odd",
                                           .detail = detail,
                                           .resource = "arn:x"}));
            }
            return {};
        }));
        must(log_->number_committed());
    }
    void put_rule(const events::RuleDraft& draft) {
        must(write([&](db::Transaction& tx) { return events::Rules().create(tx, draft); }));
    }
    Result<void> check(const std::string& parameters) {
        return database_->read([&](db::Snapshot& snapshot) {
            return kinds_.at("replay")->check(snapshot, parameters);
        });
    }
    Job replay(const std::string& parameters) {
        const auto id = make("replay", parameters);
        if (!working_) start_pool();
        return await_end(id);
    }

    std::unique_ptr<events::EventLog> log_;
    std::unique_ptr<routing::QueueSink> sink_;
    queue::Queue* target_ = nullptr;
};

TEST_P(ReplayJobTest, SendsTheEventsBetweenTwoNumbersOnceEach) {
    publish(1'200);
    const Job job = replay(R"({"queue":"index","from":101,"last":1100})");
    EXPECT_EQ(job.state, JobState::Succeeded) << job.error.value_or(Error{}).message;
    EXPECT_EQ(job.result, R"({"sent":1000})");
    EXPECT_EQ(job.progress.done, 1'000);
    EXPECT_EQ(job.progress.unit, "events");
    EXPECT_EQ(must(target_->stats()).waiting, 1'000);
}

TEST_P(ReplayJobTest, SendsOnlyWhatThePatternMatchesFromATimeOn) {
    publish(10);
    const Job job = replay(
        R"({"queue":"index","from":"2020-01-01T00:00:00Z","pattern":{"detail-type":["Odd"]}})");
    EXPECT_EQ(job.result, R"({"sent":5})");
    EXPECT_EQ(job.progress.done, 10);
}

TEST_P(ReplayJobTest, NothingIsLeftToSendOfALogThatIsNotThere) {
    const Job job = replay(R"({"queue":"index","from":1})");
    EXPECT_EQ(job.state, JobState::Succeeded);
    EXPECT_EQ(job.result, R"({"sent":0})");
}

TEST_P(ReplayJobTest, APositionThatIsNoLongerKeptFails) {
    publish(10);
    must(write([&](db::Transaction& tx) -> Result<void> {
        for (;;) {
            TRY(const auto dropped, log_->drop_oldest(tx, 99991231));
            if (dropped.is_done) return {};
        }
    }));
    const std::string gone = R"({"queue":"index","from":3})";
    EXPECT_EQ(check(gone).error().code, ErrorCode::NotFound);
    const Job job = replay(gone);
    EXPECT_EQ(job.state, JobState::Failed);
    EXPECT_EQ(job.error->code, ErrorCode::NotFound);
    EXPECT_EQ(must(target_->stats()).waiting, 0);
}

TEST_P(ReplayJobTest, WhatARuleMatchesIsSentToItsQueuesAndWebhooks) {
    queue::Queue* const webhooks = must(queues_->create(routing::kWebhookQueue, {}));
    put_rule({.name = "odd",
              .pattern = R"({"detail-type":["Odd"]})",
              .targets = {{events::TargetKind::Queue, "index"},
                          {events::TargetKind::Webhook, "https://example.org/hook"}},
              .is_enabled = false});
    // More than a page.
    publish(1'200);
    EXPECT_TRUE(check(R"({"rule":"odd","from":1})"));
    const Job job = replay(R"({"rule":"odd","from":1,"last":1100})");
    EXPECT_EQ(job.state, JobState::Succeeded) << job.error.value_or(Error{}).message;
    EXPECT_EQ(job.result, R"({"sent":1100})") << "550 to each of two targets";
    EXPECT_EQ(job.progress.done, 1'100);
    EXPECT_EQ(must(target_->stats()).waiting, 550);
    EXPECT_EQ(must(webhooks->stats()).waiting, 550);
    const auto sent = must(async::sync_wait(webhooks->receive({.messages_max = 1})));
    const auto message = must(routing::parse_webhook_message(sent.at(0).body));
    EXPECT_EQ(message.url, "https://example.org/hook");
    EXPECT_NE(message.envelope.find(R"("detail-type":"Odd")"), message.envelope.npos);
}

TEST_P(ReplayJobTest, ARuleThatIsTakenAwayFailsIt) {
    const Job job = replay(R"({"rule":"gone","from":1})");
    EXPECT_EQ(job.state, JobState::Failed);
    EXPECT_EQ(job.error->code, ErrorCode::NotFound);
}

TEST_P(ReplayJobTest, TheProgramsOwnQueuesAreRefusedBeforeAndByTheStep) {
    publish(10);
    for (const char* own : {"jobs", "preprocess", "webhooks"}) {
        queue::Queue* const queue = must(queues_->create(own, {}));
        const std::string parameters = R"({"queue":")" + std::string(own) + R"(","from":1})";
        const auto refused = check(parameters);
        ASSERT_FALSE(refused) << own;
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidInput);
        EXPECT_NE(refused.error().message.find("program's own"), std::string::npos)
            << refused.error().message;
        const Job job = replay(parameters);
        EXPECT_EQ(job.state, JobState::Failed);
        EXPECT_EQ(job.error->code, ErrorCode::InvalidInput);
        EXPECT_EQ(must(queue->stats()).depth() + must(queue->stats()).dead, 0) << own;
    }
}

TEST_P(ReplayJobTest, WrongParametersAreNamed) {
    put_rule({.name = "all",
              .pattern = R"({"source":[{"exists":true}]})",
              .targets = {{events::TargetKind::Queue, "index"}}});
    EXPECT_TRUE(check(R"({"queue":"index","from":1})"));
    for (const auto& [parameters, member] :
         {std::pair(R"({"from":1})", "queue"), std::pair(R"({"queue":"index"})", "from"),
          std::pair(R"({"queue":"index","from":0})", "from"),
          std::pair(R"({"queue":"index","from":"yesterday"})", "time"),
          std::pair(R"({"queue":"index","from":1,"last":"x"})", "last"),
          std::pair(R"({"queue":"index","from":1,"pattern":{"a":1}})", "a"),
          std::pair(R"({"queue":"none","from":1})", "queue"),
          std::pair(R"({"rule":"none","from":1})", "rule"),
          std::pair(R"({"rule":7,"from":1})", "rule"),
          std::pair(R"({"rule":"all","queue":"index","from":1})", "one of them"),
          std::pair(R"({"rule":"all","from":1,"pattern":{"a":["b"]}})", "pattern"),
          std::pair(R"({"queue":"index","from":1,"more":1})", "no other")}) {
        const auto refused = check(parameters);
        ASSERT_FALSE(refused) << parameters;
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidInput);
        EXPECT_NE(refused.error().message.find(member), std::string::npos)
            << refused.error().message;
    }
}

LARMOR_EACH_DRIVER(ReplayJobTest);

}  // namespace
}  // namespace larmor::workers

#include "jobs/redrive.h"

#include "jobs/tests/dispatch_fixture.h"
#include "jobs/upkeep.h"

namespace larmor::jobs {
namespace {

using testing::must;
using Ids = std::vector<queue::MessageId>;

class JobRedriveTest : public testing::DispatchTest {
protected:
    /// Its job runs and its message is a dead letter, as when its workers were lost.
    queue::MessageId make_dead_letter(JobId id) {
        const auto received = receive();
        must(write([&](db::Transaction& tx) { return jobs_.begin(tx, id); }));
        must(async::sync_wait(
            queue_->dead_letter(received.at(0).receipt_handle, queue::kWorkerLost, "")));
        return received.at(0).id;
    }
    std::optional<queue::MessageId> message(JobId id) {
        return must(
            database_->read([&](db::Snapshot& snapshot) { return message_of(snapshot, id); }));
    }
    std::int64_t jobs_that_upkeep_fails() {
        Upkeep upkeep(*database_, jobs_, *queue_);
        return must(upkeep.look()).failed;
    }
    Result<std::int64_t> redrive_one(queue::MessageId letter) {
        return redrive(*database_, *queue_, Ids{letter});
    }
};

TEST_P(JobRedriveTest, AJobThatHasNotEndedGoesOnByANewMessage) {
    const JobId id = make("import");
    const auto letter = make_dead_letter(id);
    EXPECT_EQ(must(redrive_one(letter)), 1);
    EXPECT_EQ(stats().dead, 0);
    EXPECT_NE(message(id), letter);
    EXPECT_EQ(jobs_that_upkeep_fails(), 0) << "somebody will work on it";
    EXPECT_EQ(find(id).state, JobState::Running);
    const auto received = receive();
    ASSERT_FALSE(received.empty());
    EXPECT_EQ(received[0].id, message(id));
    EXPECT_EQ(received[0].start_count, 0) << "with all its starts";
    EXPECT_EQ(must(redrive_one(letter)), 0) << "it is no dead letter any more";
}

TEST_P(JobRedriveTest, TheDeadLetterOfAJobThatHasEndedStaysAndSaysSo) {
    const JobId ended = make("import");
    const auto letter = make_dead_letter(ended);
    EXPECT_EQ(jobs_that_upkeep_fails(), 1);
    const auto refused = redrive_one(letter);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_EQ(refused.error().message,
              "the job 1 has ended (failed): make a new one, and purge its dead letter");

    const auto open = make_dead_letter(make("import"));
    EXPECT_FALSE(redrive(*database_, *queue_, Ids{open, letter}));
    EXPECT_EQ(stats().dead, 2) << "all or nothing";
    EXPECT_EQ(must(redrive_all(*database_, *queue_)), 1);
    EXPECT_EQ(must(queue_->list_dead_letters(queue::MessageId{}, 10)).at(0).id, letter);

    must(write([&](db::Transaction& tx) { return jobs_.remove(tx, ended); }));
    EXPECT_EQ(redrive_one(letter).error().message,
              "the job 1 is there no more: make a new one, and purge its dead letter");
}

TEST_P(JobRedriveTest, ALossBetweenItsTwoStepsIsMadeGoodByTheNextRedrive) {
    const JobId id = make("import");
    const auto letter = make_dead_letter(id);
    must(write([&](db::Transaction& tx) { return send_on(tx, *queue_, id); }));
    const auto sent = message(id);
    EXPECT_EQ(must(redrive_one(letter)), 1);
    EXPECT_EQ(message(id), sent) << "the job has its message already";
    EXPECT_EQ(stats().dead, 0);
    EXPECT_EQ(jobs_that_upkeep_fails(), 0);
}

TEST_P(JobRedriveTest, AMessageThatNamesNoJobIsSentAnewAsItIs) {
    must(async::sync_wait(queue_->send({{.body = "hello"}})));
    const auto received = receive();
    must(async::sync_wait(queue_->dead_letter(received.at(0).receipt_handle, "invalid", "")));
    EXPECT_EQ(must(redrive_one(received[0].id)), 1);
    EXPECT_EQ(stats().waiting, 1);
}

LARMOR_EACH_DRIVER(JobRedriveTest);

}  // namespace
}  // namespace larmor::jobs

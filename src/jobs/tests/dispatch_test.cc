#include "jobs/dispatch.h"

#include "jobs/tests/dispatch_fixture.h"
#include "jobs/upkeep.h"

namespace larmor::jobs {
namespace {

using testing::must;
using namespace std::chrono_literals;

class JobDispatchTest : public testing::DispatchTest {
protected:
    Upkeep::Looked look() {
        Upkeep upkeep(*database_, jobs_, *queue_);
        return must(upkeep.look());
    }
};

TEST_P(JobDispatchTest, SendsAJobWithItsRow) {
    const JobId id = make("import");
    const auto received = receive();
    ASSERT_EQ(received.size(), 1U);
    EXPECT_EQ(must(parse_job_message(received[0].body)), id);
    EXPECT_EQ(
        must(database_->read([&](db::Snapshot& snapshot) { return message_of(snapshot, id); })),
        received[0].id);
}

TEST_P(JobDispatchTest, SendsNothingForAKnownKey) {
    const NewJob job{.kind = "import", .created_by = "ada", .idempotency_key = "k"};
    const auto first = must(dispatch(job));
    const auto second = must(dispatch(job));
    EXPECT_TRUE(first.is_new);
    EXPECT_FALSE(second.is_new);
    EXPECT_EQ(first.job.id, second.job.id);
    EXPECT_EQ(stats().depth(), 1);
}

TEST_P(JobDispatchTest, NeitherRowNorMessageIsLeftOfARollback) {
    const auto outcome = write([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(jobs::dispatch(tx, jobs_, *queue_, {.kind = "import"}));
        return fail(ErrorCode::Conflict, "something else was refused");
    });
    EXPECT_FALSE(outcome);
    EXPECT_EQ(stats().depth(), 0);
    EXPECT_TRUE(must(database_->read([](db::Snapshot& snapshot) {
                    return Jobs::list(snapshot, {}, {}, 10);
                })).empty());
}

TEST_P(JobDispatchTest, AMessageThatNamesNoJobIsRefused) {
    for (const char* bad :
         {"", "{}", R"({"job":})", R"({"job":1x})", R"({"job":1)", R"([1])"}) {
        EXPECT_FALSE(parse_job_message(bad)) << bad;
    }
}

TEST_P(JobDispatchTest, UpkeepFailsTheJobOfADeadLetterAndOfARemovedMessage) {
    const JobId dead = make("import");
    const auto received = receive();
    ASSERT_EQ(received.size(), 1U);
    must(async::sync_wait(
        queue_->dead_letter(received[0].receipt_handle, queue::kWorkerLost, "")));
    const JobId waiting = make("import");
    EXPECT_EQ(look().failed, 1);
    EXPECT_EQ(find(dead).state, JobState::Failed);
    EXPECT_EQ(find(dead).error->code, ErrorCode::Unavailable);
    EXPECT_EQ(find(waiting).state, JobState::Queued);

    must(queue_->purge());
    EXPECT_EQ(look().failed, 1);
    EXPECT_EQ(find(waiting).state, JobState::Failed);
    EXPECT_EQ(look().failed, 0);
}

TEST_P(JobDispatchTest, UpkeepLeavesAloneWhatIsSentOn) {
    const JobId id = make("import");
    const auto received = receive();
    must(write([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(queue_->remove(tx, received.at(0).receipt_handle));
        TRY_VOID(jobs_.begin(tx, id));
        return send_on(tx, *queue_, id);
    }));
    EXPECT_EQ(look().failed, 0);
    EXPECT_EQ(find(id).state, JobState::Running);
    EXPECT_EQ(stats().depth(), 1);
}

TEST_P(JobDispatchTest, AnIdIsNeverGivenAgain) {
    const JobId id = make("import");
    must(cancel(id));
    must(write([&](db::Transaction& tx) { return jobs_.remove(tx, id); }));
    EXPECT_GT(make("import"), id) << "the message of the first is still there";
}

TEST_P(JobDispatchTest, UpkeepRemovesWhatHasExpired) {
    const JobId id = make("import");
    must(cancel(id));
    EXPECT_EQ(look().expired, 0);
    const Jobs soon(system_clock(), -1h);
    const JobId other = make("import");
    must(write([&](db::Transaction& tx) { return soon.cancel(tx, other); }));
    EXPECT_EQ(look().expired, 1);
    EXPECT_EQ(find(id).state, JobState::Cancelled);
}

TEST_P(JobDispatchTest, ReportsAreReadInPartsAndGoWithTheirJob) {
    const JobId id = make("import");
    must(write([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(jobs_.begin(tx, id));
        for (const char* lines : {"{\"a\":1}\n", "", "{\"a\":2}\n{\"a\":3}\n"}) {
            const Step step{
                .progress = {.done = 1}, .result = R"({"imported":1})", .report = lines};
            TRY_VOID(jobs_.record(tx, id, step));
        }
        TRY_VOID(jobs_.end_cancelled(tx, id));
        return {};
    }));
    const auto part = [&](std::int64_t after) {
        return must(database_->read(
            [&](db::Snapshot& snapshot) { return Jobs::report(snapshot, id, after); }));
    };
    EXPECT_EQ(part(0)->lines, "{\"a\":1}\n");
    EXPECT_EQ(part(1)->number, 2);
    EXPECT_EQ(part(1)->lines, "{\"a\":2}\n{\"a\":3}\n");
    EXPECT_FALSE(part(2));
    EXPECT_EQ(find(id).result, R"({"imported":1})") << "what was done until it was cancelled";
    must(write([&](db::Transaction& tx) { return jobs_.remove(tx, id); }));
    EXPECT_FALSE(part(0));
}

TEST_P(JobDispatchTest, TheBellRingsForTheJobThatChanged) {
    const JobId id = make("import");
    const JobId other = make("import");
    auto listener = bell_.listen(to_int64(id));
    const auto wait = [&] { return async::sync_wait(listener->wait(1ms)); };
    must(cancel(other));
    EXPECT_TRUE(wait().is_late);
    must(cancel(id));
    EXPECT_FALSE(wait().is_late);
}

LARMOR_EACH_DRIVER(JobDispatchTest);

}  // namespace
}  // namespace larmor::jobs

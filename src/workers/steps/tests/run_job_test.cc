#include "workers/steps/run_job.h"

#include "jobs/redrive.h"
#include "workers/steps/tests/job_fixture.h"
#include "workers/steps/tests/scripted_kind.h"

namespace larmor::workers {
namespace {

using jobs::Job;
using jobs::JobState;
using testing::must;
using namespace std::chrono_literals;
using async::Task;

class RunJobTest : public testing::RunJobFixture {
protected:
    RunJobTest() {
        auto kind = std::make_unique<testing::CountingKind>();
        kind_ = kind.get();
        kinds_.emplace("count", std::move(kind));
    }
    /// Every piece waits until its token is cancelled, or for a moment.
    void make_pieces_take(std::chrono::milliseconds time) {
        kind_->before = [time](std::int64_t, async::CancelToken stop) -> Task<Result<void>> {
            return [](std::chrono::milliseconds each,
                      async::CancelToken token) -> Task<Result<void>> {
                co_await token.sleep(each);
                co_return Result<void>();
            }(time, std::move(stop));
        };
    }
    void fail_at(std::int64_t item, const Error& error) {
        kind_->before = [item, error](std::int64_t next,
                                      async::CancelToken) -> Task<Result<void>> {
            return [](bool fails, Error with) -> Task<Result<void>> {
                if (fails) co_return tl::unexpected(with);
                co_return Result<void>();
            }(next == item, error);
        };
    }

    /// Receives the message, starts on it and is gone. Gives whether it was suspect.
    bool lose_worker() {
        const queue::ReceiveOptions options{.wait_max = 60s, .start = queue::Start::Later};
        const auto received = must(async::sync_wait(queue_->receive(options)));
        const std::string handle = received.at(0).receipt_handle;
        must(async::sync_wait(queue_->start(handle)));
        must(async::sync_wait(queue_->extend(handle, 1ms)));
        return received[0].suspect;
    }

    testing::CountingKind* kind_ = nullptr;
};

TEST_P(RunJobTest, WorksPieceByPieceToTheResult) {
    const auto id = make("count");
    start_pool();
    const Job job = await_end(id);
    EXPECT_EQ(job.state, JobState::Succeeded);
    EXPECT_EQ(job.progress.done, 10);
    EXPECT_EQ(job.progress.total, 10);
    EXPECT_EQ(job.result, R"({"counted":10})");
    EXPECT_GE(job.version, 12) << "each piece is a change that can be followed";
    EXPECT_EQ(stats().depth(), 0) << "its end and the removal of its message are one";
    EXPECT_EQ(kind_->starts, 1);
}

TEST_P(RunJobTest, TenThousandItemsCancelledHalfWayEndWithinTwoSecondsAndSayWhatWasDone) {
    kind_->total = 10'000;
    kind_->at_once = 50;
    kind_->before = [this](std::int64_t next, async::CancelToken stop) -> Task<Result<void>> {
        return [](bool waits, async::CancelToken token) -> Task<Result<void>> {
            // Half way a piece takes for ever: only the cancellation can end it.
            if (waits) co_await token.sleep(std::chrono::hours(1));
            co_return Result<void>();
        }(next == 5'000, std::move(stop));
    };
    const auto id = make("count");
    start_pool();
    await(id, [](const Job& job) { return job.progress.done == 5'000; });
    const auto asked = std::chrono::steady_clock::now();
    must(cancel(id));
    const Job job = await_end(id);
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 2s);
    EXPECT_EQ(job.state, JobState::Cancelled);
    EXPECT_EQ(job.progress.done, 5'000);
    EXPECT_EQ(job.result, R"({"counted":5000})");
    EXPECT_EQ(stats().depth(), 0);
}

TEST_P(RunJobTest, ACancellationByAnotherProcessIsSeenByLooking) {
    make_pieces_take(1h);
    const auto id = make("count");
    start_pool({.look_every = 20ms});
    await(id, [](const Job& job) { return job.state == JobState::Running; });
    // Its bell rings elsewhere.
    const jobs::Jobs elsewhere;
    must(write([&](db::Transaction& tx) { return elsewhere.cancel(tx, id); }));
    EXPECT_EQ(await_end(id).state, JobState::Cancelled);
}

TEST_P(RunJobTest, AJobThatIsCancelledInTheQueueIsNotBegun) {
    const auto id = make("count");
    must(cancel(id));
    start_pool();
    const auto next = make("count");
    await_end(next);
    EXPECT_EQ(find(id).state, JobState::Cancelled);
    EXPECT_EQ(kind_->starts, 1);
    EXPECT_EQ(stats().depth(), 0);
}

TEST_P(RunJobTest, GoesOnAfterAStopWhereItWasWithoutAnyStartCounted) {
    kind_->total = 1'000;
    make_pieces_take(1ms);
    const auto id = make("count");
    // More stops than starts that a message has.
    for (int stops = 1; stops <= 5; ++stops) {
        start_pool();
        await(id, [&](const Job& job) { return job.progress.done >= stops * 10; });
        restart();
        EXPECT_EQ(find(id).state, JobState::Running);
        EXPECT_EQ(stats().waiting, 1);
    }
    kind_->at_once = 100;
    start_pool();
    const Job job = await_end(id);
    EXPECT_EQ(job.state, JobState::Succeeded);
    EXPECT_EQ(job.progress.done, 1'000);
}

TEST_P(RunJobTest, ASecondMessageOfAJobIsLeftAlone) {
    make_pieces_take(1ms);
    const auto id = make("count");
    queue::NewMessage second;
    second.body = R"({"job":)" + std::to_string(to_int64(id)) + '}';
    must(async::sync_wait(queue_->send({second})));
    start_pool();
    EXPECT_EQ(await_end(id).state, JobState::Succeeded);
    stop_pool();
    EXPECT_EQ(kind_->starts, 1);
    EXPECT_EQ(stats().depth(), 0);
}

TEST_P(RunJobTest, ALongJobLetsOthersHaveTheirTurn) {
    make_pieces_take(1ms);
    const auto id = make("count");
    start_pool({.turn = 1us});
    EXPECT_EQ(await_end(id).state, JobState::Succeeded);
    EXPECT_GE(kind_->starts, 5);
}

TEST_P(RunJobTest, AStepThatMustRunAloneDoesNotWaitForTheEndOfAJob) {
    make_pieces_take(1ms);
    kind_->total = 1'000'000'000;
    const auto id = make("count");
    start_pool();
    await(id, [](const Job& job) { return job.progress.done > 0; });
    // Ends when the job has made way.
    async::sync_wait([](RunGate* gate) -> Task<void> {
        const auto alone = co_await gate->enter(Company::None);
        co_return;
    }(&working_->gate));
    const auto starts = kind_->starts.load();
    await(id, [&](const Job&) { return kind_->starts > starts; });
    must(cancel(id));
    EXPECT_EQ(await_end(id).state, JobState::Cancelled);
}

TEST_P(RunJobTest, AnErrorThatMayPassIsTriedAgainFromTheCheckpoint) {
    fail_at(4, {ErrorCode::Unavailable, "away for a while"});
    const auto id = make("count");
    start_pool();
    const Job job = await_end(id);
    EXPECT_EQ(job.state, JobState::Failed) << "with its last start";
    EXPECT_EQ(job.error->message, "away for a while");
    EXPECT_EQ(job.progress.done, 4);
    EXPECT_EQ(kind_->starts, 3) << "receive_count_max";
    EXPECT_EQ(stats().dead, 0);
    EXPECT_EQ(stats().depth(), 0);
}

TEST_P(RunJobTest, AnErrorThatStaysFailsTheJobAtOnce) {
    fail_at(4, {ErrorCode::NoSpace, "the disk is full"});
    const auto id = make("count");
    start_pool();
    const Job job = await_end(id);
    EXPECT_EQ(job.state, JobState::Failed);
    EXPECT_EQ(job.error->code, ErrorCode::NoSpace);
    EXPECT_EQ(job.result, R"({"counted":4})");
    EXPECT_EQ(kind_->starts, 1);
}

TEST_P(RunJobTest, AKindThatNobodyKnowsFails) {
    const auto id = make("dance");
    start_pool();
    EXPECT_EQ(await_end(id).error->code, ErrorCode::Unsupported);
}

TEST_P(RunJobTest, AJobThatWasEndedMeanwhileIsLeftAlone) {
    make_pieces_take(1ms);
    kind_->total = 1'000'000;
    const auto id = make("count");
    start_pool();
    await(id, [](const Job& job) { return job.progress.done > 3; });
    must(write([&](db::Transaction& tx) {
        return jobs_.fail(tx, id, Error{ErrorCode::Corrupt, "somebody else says so"});
    }));
    const auto done = find(id).progress.done;
    stop_pool();
    EXPECT_EQ(find(id).progress.done, done);
    EXPECT_EQ(find(id).error->message, "somebody else says so");
    EXPECT_EQ(stats().depth(), 0);
}

TEST_P(RunJobTest, AWorkerWhoseMessageIsSomebodyElsesWritesNothingMore) {
    make_pieces_take(1ms);
    kind_->total = 1'000'000;
    const auto id = make("count");
    start_pool();
    await(id, [](const Job& job) { return job.progress.done > 3; });
    // As when the process was held for longer than the visibility timeout.
    must(queue_->purge());
    must(write([&](db::Transaction& tx) { return jobs::send_on(tx, *queue_, id); }));
    stop_pool();
    const auto done = find(id).progress.done;
    EXPECT_EQ(find(id).state, JobState::Running);
    kind_->total = done;
    start_pool();
    EXPECT_EQ(await_end(id).progress.done, done);
}

TEST_P(RunJobTest, AJobThatKillsItsWorkersFails) {
    const auto id = make("count");
    must(write([&](db::Transaction& tx) { return jobs_.begin(tx, id); }));
    // Three processes that die with it: what they leave is a start without an outcome.
    for (int lost = 0; lost < 3; ++lost) {
        EXPECT_EQ(lose_worker(), lost > 0) << "suspect after the first one";
    }
    start_pool();
    working_->pool->stop(0ns);
    jobs::Upkeep upkeep(*database_, jobs_, *queue_);
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    // A receive sees that the time of the last one is over.
    while (stats().dead == 0 && std::chrono::steady_clock::now() < deadline) {
        const queue::ReceiveOptions options{.wait_max = 100ms};
        EXPECT_TRUE(must(async::sync_wait(queue_->receive(options))).empty());
    }
    EXPECT_EQ(must(upkeep.look()).failed, 1);
    const Job job = find(id);
    EXPECT_EQ(job.state, JobState::Failed);
    EXPECT_NE(job.error->message.find("lost 3 times"), std::string::npos) << job.error->message;
}

TEST_P(RunJobTest, AfterALostWorkerItGoesOnFromItsCheckpointAndIsSoonBeyondSuspicion) {
    make_pieces_take(1ms);
    kind_->total = 200;
    const auto id = make("count");
    must(write([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(jobs_.begin(tx, id));
        const jobs::Step step{.progress = {150, 200, "items"}, .checkpoint = R"({"done":150})"};
        TRY_VOID(jobs_.record(tx, id, step));
        return {};
    }));
    lose_worker();
    start_pool();
    const Job job = await_end(id);
    EXPECT_EQ(job.state, JobState::Succeeded);
    EXPECT_EQ(job.progress.done, 200);
    EXPECT_EQ(kind_->starts, 2) << "alone for one piece, then in a message of its own";
}

TEST_P(RunJobTest, AJobWhoseDeadLetterIsRedrivenGoesOnFromItsCheckpoint) {
    kind_->total = 200;
    const auto id = make("count");
    must(write([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(jobs_.begin(tx, id));
        const jobs::Step step{.progress = {150, 200, "items"}, .checkpoint = R"({"done":150})"};
        TRY_VOID(jobs_.record(tx, id, step));
        return {};
    }));
    const auto received = receive();
    must(async::sync_wait(
        queue_->dead_letter(received.at(0).receipt_handle, queue::kWorkerLost, "")));
    EXPECT_EQ(must(jobs::redrive_all(*database_, *queue_)), 1);
    start_pool();
    const Job job = await_end(id);
    EXPECT_EQ(job.state, JobState::Succeeded) << job.error.value_or(Error{}).message;
    EXPECT_EQ(job.progress.done, 200);
    EXPECT_EQ(job.result, R"({"counted":200})");
    EXPECT_EQ(kind_->starts, 1);
    // The letter itself is a second message of the job.
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (stats().depth() > 0 && std::chrono::steady_clock::now() < deadline) {
        async::sync_wait(async::CancelToken().sleep(10ms));
    }
    EXPECT_EQ(stats().depth() + stats().dead, 0);
}

LARMOR_EACH_DRIVER(RunJobTest);

}  // namespace
}  // namespace larmor::workers

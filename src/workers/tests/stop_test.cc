#include "workers/tests/pool_fixture.h"

namespace larmor::workers {
namespace {

using async::Task;

Task<Result<Verdict>> until_cancelled(queue::Message message, async::CancelToken stop) {
    co_await stop.sleep(1h);
    CO_TRY_VOID(stop.check("working on " + message.body));
    co_return Done{};
}

TEST_F(PoolTest, AStopGivesBackAtOnceAndUncountedWhatWasNotStarted) {
    for (const auto* body : {"0", "1", "2", "3", "4"}) step_.on(body, until_cancelled);
    send_many(5);
    const auto pool = start_pool(one_lane({.batch_max = 5, .concurrency_max = 1}));
    await([&] { return step_.runs().size() == 1; });
    EXPECT_EQ(pool->stop(1min), 0U);
    EXPECT_EQ(stats().waiting, 5);
    const queue::ReceiveOptions options{.messages_max = 5};
    const auto again = queue::testing::must(async::sync_wait(queue_->receive(options)));
    ASSERT_EQ(again.size(), 5U);
    // This receive is a start too.
    for (const auto& message : again) {
        EXPECT_EQ(message.start_count, message.body == "0" ? 2 : 1) << message.body;
        EXPECT_FALSE(message.suspect);
    }
    EXPECT_EQ(step_.runs().size(), 1U);
}

TEST_F(PoolTest, AStepThatDoesNotEndInTimeIsGivenBackAndChangesNothing) {
    async::Event go_on;
    step_.on("stubborn", [&](queue::Message message, async::CancelToken /*stop*/) {
        return [](async::Event* event, queue::Message received) -> Task<Result<Verdict>> {
            const auto verdict = testing::ScriptedStep::written(received);
            co_await *event;
            co_return verdict;
        }(&go_on, std::move(message));
    });
    send("stubborn");
    {
        const auto pool = start_pool();
        await([&] { return step_.runs().size() == 1; });
        EXPECT_EQ(pool->stop(1ms), 1U);
        EXPECT_EQ(stats().waiting, 1);
        go_on.set();
    }
    EXPECT_EQ(results(), 0);
    EXPECT_EQ(stats().waiting, 1);
}

TEST_F(PoolTest, StopsInTheMiddleAndAnotherGoesOn) {
    send_many(300);
    {
        const auto pool = start_pool();
        await([&] { return results() >= 20; });
        EXPECT_EQ(pool->stop(1min), 0U);
        EXPECT_EQ(stats().in_flight, 0);
        EXPECT_EQ(stats().depth() + results(), 300);
    }
    const auto other = start_pool();
    await_empty();
    EXPECT_EQ(results(), 300);
    EXPECT_EQ(step_.runs().size(), 300U);
}

TEST_F(PoolTest, StopsWhileNothingIsThere) {
    const auto never_started = make_pool();
    EXPECT_EQ(never_started->stop(1min), 0U);
    const auto pool = start_pool();
    EXPECT_EQ(pool->stop(1min), 0U);
    EXPECT_EQ(pool->stop(1min), 0U) << "twice";
}

}  // namespace
}  // namespace larmor::workers

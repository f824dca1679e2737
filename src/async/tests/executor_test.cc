#include "async/executor.h"

#include <future>

#include "async/sync_wait.h"

namespace larmor::async {
namespace {
using namespace std::chrono_literals;

/// Counts its wake-ups; sleeps as prepare_sleep says.
class CountingExecutor final : public Executor {
public:
    int wakes = 0;
    using Executor::prepare_sleep;
    using Executor::run_one_last;
    using Executor::run_ready;

private:
    void wake() override { ++wakes; }
};

TEST(Executor, RunsWorkInTheOrderOfPosting) {
    RunLoop loop;
    std::vector<int> seen;
    for (int i = 0; i < 5; ++i) loop.post([&seen, i] { seen.push_back(i); });
    loop.stop();
    loop.run();
    EXPECT_THAT(seen, testing::ElementsAre(0, 1, 2, 3, 4));
}

TEST(Executor, RunsLastWhatOthersShouldNotWaitForOneATurn) {
    RunLoop loop;
    std::vector<std::string> seen;
    // A reader that always has more to do, and three arrivals that came before it.
    int turns = 0;
    std::function<void()> reader = [&] {
        seen.emplace_back("reader");
        if (++turns < 5) {
            loop.post(reader);
        } else {
            loop.stop();
        }
    };
    for (int i = 0; i < 3; ++i) loop.post_last([&seen] { seen.emplace_back("arrival"); });
    loop.post(reader);
    loop.run();
    EXPECT_THAT(seen, testing::ElementsAre("reader", "arrival", "reader", "arrival", "reader",
                                           "arrival", "reader", "reader"));
}

TEST(Executor, DoesNotSleepWhileSomethingWaitsToBeLast) {
    CountingExecutor executor;
    EXPECT_EQ(executor.prepare_sleep(), std::chrono::nanoseconds::max());
    executor.post_last([] {});
    EXPECT_EQ(executor.wakes, 1);
    EXPECT_FALSE(executor.run_ready());
    EXPECT_EQ(executor.prepare_sleep(), 0ns);
    EXPECT_TRUE(executor.run_one_last());
    EXPECT_FALSE(executor.run_one_last());
    EXPECT_EQ(executor.prepare_sleep(), std::chrono::nanoseconds::max());
}

TEST(Executor, GoesOnAfterOthersThatWereReadyLater) {
    RunLoop loop;
    std::vector<std::string> seen;
    const auto arrive = [](std::vector<std::string>& into) -> Task<void> {
        into.emplace_back("arrived");
        co_await after_others();
        into.emplace_back("read");
    };
    spawn(loop, arrive(seen));
    loop.post([&] { seen.emplace_back("frame"); });
    loop.stop();
    loop.run();
    EXPECT_THAT(seen, testing::ElementsAre("arrived", "frame", "read"));
}

TEST(Executor, IsWokenOnceForManyPosts) {
    CountingExecutor executor;
    executor.post([] {});
    EXPECT_EQ(executor.wakes, 0) << "it does not sleep";
    executor.run_ready();

    EXPECT_EQ(executor.prepare_sleep(), std::chrono::nanoseconds::max());
    for (int i = 0; i < 100; ++i) executor.post([] {});
    EXPECT_EQ(executor.wakes, 1);
    EXPECT_EQ(executor.prepare_sleep(), 0ns);
}

TEST(Executor, BatchWakesEachExecutorOnceAtItsEnd) {
    CountingExecutor a;
    CountingExecutor b;
    a.prepare_sleep();
    b.prepare_sleep();
    int ran = 0;
    {
        const PostBatch batch;
        for (int i = 0; i < 100; ++i) {
            a.post([&ran] { ++ran; });
            b.post([&ran] { ++ran; });
        }
        EXPECT_EQ(a.wakes + b.wakes, 0);
    }
    EXPECT_EQ(a.wakes, 1);
    EXPECT_EQ(b.wakes, 1);
    a.run_ready();
    b.run_ready();
    EXPECT_EQ(ran, 200);
}

TEST(Executor, RunsTimersInTheOrderOfTheirTimes) {
    RunLoop loop;
    const auto now = std::chrono::steady_clock::now();
    std::vector<int> seen;
    loop.post_at(now + 20ms, [&] { seen.push_back(2); });
    loop.post_at(now + 30ms, [&] {
        seen.push_back(3);
        loop.stop();
    });
    loop.post_at(now + 10ms, [&] { seen.push_back(1); });
    loop.post_at(now + 20ms, [&] { seen.push_back(22); });
    loop.run();
    EXPECT_THAT(seen, testing::ElementsAre(1, 2, 22, 3));
    EXPECT_GE(std::chrono::steady_clock::now(), now + 30ms);
}

Task<Executor*> current_after_sleep() {
    co_await sleep_for(1ms);
    co_return Executor::current();
}
TEST(Executor, IsTheCurrentOneOfItsTasksOnly) {
    EXPECT_EQ(Executor::current(), nullptr);
    EXPECT_NE(sync_wait(current_after_sleep()), nullptr);
    EXPECT_EQ(Executor::current(), nullptr);
}

Task<void> set_promise(std::promise<std::thread::id>& promise) {
    promise.set_value(std::this_thread::get_id());
    co_return;
}
TEST(Spawn, RunsTheTaskOnTheExecutorsThread) {
    ThreadExecutor thread("spawn-test");
    std::promise<std::thread::id> ran_on;
    spawn(thread.executor(), set_promise(ran_on));
    EXPECT_NE(ran_on.get_future().get(), std::this_thread::get_id());
}

TEST(ThreadExecutor, RunsWhatWasPostedBeforeItEnds) {
    int ran = 0;
    {
        ThreadExecutor thread("end-test");
        for (int i = 0; i < 1000; ++i) thread.executor().post([&ran] { ++ran; });
    }
    EXPECT_EQ(ran, 1000);
}

TEST(ThreadExecutor, TakesPostsOfManyThreads) {
    std::atomic<int> ran{0};
    {
        ThreadExecutor thread("many-test");
        std::vector<std::thread> posters;
        for (int t = 0; t < 4; ++t) {
            posters.emplace_back([&] {
                for (int i = 0; i < 10'000; ++i) thread.executor().post([&ran] { ++ran; });
            });
        }
        for (auto& poster : posters) poster.join();
    }
    EXPECT_EQ(ran, 40'000);
}

}  // namespace
}  // namespace larmor::async

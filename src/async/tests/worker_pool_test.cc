#include "async/worker_pool.h"

#include <sched.h>

#include <future>
#include <stdexcept>

#include "async/sync_wait.h"
#include "observe/metrics.h"

namespace larmor::async {
namespace {

/// Occupies a thread of the pool until opened.
struct Gate {
    std::promise<void> entered;
    std::promise<void> open;
    Work work() {
        return [this] {
            entered.set_value();
            open.get_future().wait();
        };
    }
};

struct Threads {
    std::thread::id pool;
    std::thread::id after;
};
Task<Threads> where_it_runs(WorkerPool& pool) {
    const auto on_pool =
        co_await pool.run(Priority::Interactive, [] { return std::this_thread::get_id(); });
    co_return Threads{*on_pool, std::this_thread::get_id()};
}

TEST(WorkerPool, RunsOnThePoolAndResumesOnTheAwaitersExecutor) {
    WorkerPool pool({.name = "test", .threads = 1});
    const auto threads = sync_wait(where_it_runs(pool));
    EXPECT_NE(threads.pool, std::this_thread::get_id());
    EXPECT_EQ(threads.after, std::this_thread::get_id());
}

Task<Result<int>> run_result(WorkerPool& pool, Result<int> value) {
    co_return co_await pool.run(Priority::Normal, [&] { return value; });
}
Task<Result<void>> run_void(WorkerPool& pool, int& ran) {
    co_return co_await pool.run(Priority::Background, [&ran] { ++ran; });
}
TEST(WorkerPool, GivesResultsFlatAndVoidAsResult) {
    WorkerPool pool({.threads = 1});
    EXPECT_EQ(sync_wait(run_result(pool, 5)), 5);
    EXPECT_EQ(sync_wait(run_result(pool, fail(ErrorCode::Corrupt, "x"))).error().code,
              ErrorCode::Corrupt);
    int ran = 0;
    EXPECT_TRUE(sync_wait(run_void(pool, ran)));
    EXPECT_EQ(ran, 1);
}

Task<void> run_throwing(WorkerPool& pool) {
    (void)co_await pool.run(Priority::Normal, []() -> int { throw std::runtime_error("x"); });
}
TEST(WorkerPool, RethrowsAtTheAwait) {
    WorkerPool pool({.threads = 1});
    EXPECT_THROW(sync_wait(run_throwing(pool)), std::runtime_error);
}

TEST(WorkerPool, LeavesThreadsToReadersWhileNormalWorkHasAllOfIts) {
    WorkerPool pool({.name = "share", .threads = 2, .readers_threads = 1});
    std::array<Gate, 2> uploads;
    for (Gate& upload : uploads) {
        ASSERT_TRUE(pool.try_post(Priority::Normal, upload.work()));
        upload.entered.get_future().wait();
    }
    std::promise<void> third;
    ASSERT_TRUE(pool.try_post(Priority::Normal, [&third] { third.set_value(); }));
    // A thread is free, the third upload is there before it, and the reader is served.
    EXPECT_NE(sync_wait(where_it_runs(pool)).pool, std::this_thread::get_id());
    EXPECT_EQ(pool.queued(Priority::Normal), 1);
    const std::string text = observe::metrics().to_text();
    EXPECT_THAT(text, testing::HasSubstr(
                          R"(larmor_pool_threads{pool="share",priority="interactive"} 3)"));
    EXPECT_THAT(text,
                testing::HasSubstr(R"(larmor_pool_threads{pool="share",priority="normal"} 2)"));

    uploads[0].open.set_value();
    third.get_future().wait();
    uploads[1].open.set_value();
}

TEST(WorkerPool, RefusesWhenTheQueueIsFullUnlessAskedToWait) {
    WorkerPool pool({.name = "full", .threads = 1, .queue_max = 2});
    Gate gate;
    ASSERT_TRUE(pool.try_post(Priority::Normal, gate.work()));
    gate.entered.get_future().wait();
    EXPECT_TRUE(pool.try_post(Priority::Normal, [] {}));
    EXPECT_TRUE(pool.try_post(Priority::Normal, [] {}));
    EXPECT_FALSE(pool.try_post(Priority::Normal, [] {}));
    EXPECT_TRUE(pool.try_post(Priority::Interactive, [] {})) << "a queue for each priority";
    EXPECT_EQ(sync_wait(run_result(pool, 1)).error().code, ErrorCode::Unavailable);
    EXPECT_TRUE(pool.try_post(Priority::Normal, [] {}, WhenFull::Wait));
    EXPECT_EQ(pool.queued(Priority::Normal), 3);
    EXPECT_THAT(observe::metrics().to_text(),
                testing::HasSubstr("larmor_pool_queued{pool=\"full\",priority=\"normal\"} 3"));
    gate.open.set_value();
}

TEST(WorkerPool, TakesInteractiveFirstButDoesNotStarveNormal) {
    std::vector<char> order;
    {
        WorkerPool pool({.threads = 1});
        Gate gate;
        pool.try_post(Priority::Normal, gate.work());
        gate.entered.get_future().wait();
        for (int i = 0; i < 2; ++i)
            pool.try_post(Priority::Normal, [&] { order.push_back('n'); });
        for (int i = 0; i < 10; ++i) {
            pool.try_post(Priority::Interactive, [&] { order.push_back('i'); });
        }
        gate.open.set_value();
    }
    EXPECT_EQ(std::string(order.begin(), order.end()), "iiiiiiiniiin");
}

Task<Result<int>> scheduler_of(WorkerPool& pool, Priority priority) {
    co_return co_await pool.run(priority, [] { return sched_getscheduler(0); });
}
TEST(WorkerPool, RunsBackgroundWorkOnIdleThreads) {
    WorkerPool pool({.threads = 1});
    EXPECT_EQ(sync_wait(scheduler_of(pool, Priority::Background)), SCHED_IDLE);
    EXPECT_EQ(sync_wait(scheduler_of(pool, Priority::Normal)), SCHED_OTHER);
}

TEST(WorkerPool, FinishesWhatIsQueuedWhenItStopsAndRefusesTheRest) {
    std::atomic<int> ran{0};
    WorkerPool pool({.threads = 2});
    for (int i = 0; i < 500; ++i) pool.try_post(Priority::Normal, [&ran] { ++ran; });
    pool.stop();
    EXPECT_EQ(ran, 500);
    EXPECT_FALSE(pool.try_post(Priority::Normal, [] {}));
    EXPECT_EQ(sync_wait(run_result(pool, 1)).error().code, ErrorCode::Unavailable);
}

TEST(WorkerPool, ManyTasksShareIt) {
    WorkerPool pool({.threads = 2, .queue_max = 10'000});
    std::vector<Task<Result<int>>> tasks;
    for (int i = 0; i < 5000; ++i) tasks.push_back(run_result(pool, i));
    const auto results = sync_wait(when_all(std::move(tasks)));
    for (int i = 0; i < 5000; ++i) ASSERT_EQ(results[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace larmor::async

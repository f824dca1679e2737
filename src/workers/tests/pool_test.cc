#include <atomic>
#include <future>
#include <thread>

#include "db/tests/faulty_database.h"
#include "workers/tests/pool_fixture.h"

namespace larmor::workers {
namespace {

using async::Task;
using testing::ScriptedStep;

/// A script that waits until the test lets it go on, then writes its result.
struct Held {
    async::Event go_on;
    static ScriptedStep::Script script(Held* held) {
        return [held](queue::Message message, async::CancelToken /*stop*/) {
            return wait(held, std::move(message));
        };
    }
    static Task<Result<Verdict>> wait(Held* held, queue::Message message) {
        const auto verdict = ScriptedStep::written(message);
        co_await held->go_on;
        co_return verdict;
    }
};

ScriptedStep::Script always(Result<Verdict> verdict) {
    return [verdict = std::move(verdict)](queue::Message /*message*/, async::CancelToken
                                          /*stop*/) {
        return [](Result<Verdict> given) -> Task<Result<Verdict>> { co_return given; }(verdict);
    };
}

TEST_F(PoolTest, DoesEachMessageOnceWithWhatItsStepWrites) {
    send_many(100);
    const auto pool = start_pool();
    await_empty();
    EXPECT_EQ(results(), 100);
    EXPECT_EQ(results("delivery = 1"), 100);
    EXPECT_EQ(stats().dead, 0);
}

TEST_F(PoolTest, APoisonMessageOfABatchIsDeadAloneAndTheOthersAreDoneOnce) {
    step_.on("17", always(fail(ErrorCode::InvalidInput, "at byte 12")));
    send_many(40);
    const auto pool = start_pool(one_lane({.batch_max = 40}));
    await_empty();
    EXPECT_EQ(results(), 39);
    const auto dead = dead_letters();
    ASSERT_EQ(dead.size(), 1U);
    EXPECT_EQ(dead[0].reason, "invalid_input");
    EXPECT_EQ(dead[0].last_error, "at byte 12");
    EXPECT_EQ(dead[0].start_count, 1);
    EXPECT_EQ(step_.runs().size(), 40U);
}

Task<Result<Verdict>> throw_out_of_range(queue::Message /*message*/,
                                         async::CancelToken /*stop*/) {
    throw std::out_of_range("Doe^John");
    co_return Done{};
}

TEST_F(PoolTest, AStepThatThrowsIsTriedAgainUntilItsStartsAreUsedUp) {
    step_.on("bad", throw_out_of_range);
    send("bad");
    send("good");
    PoolOptions options;
    options.backoff = {.first = 1ms, .max = 1ms};
    const auto pool = start_pool(options);
    await([&] {
        let_pass(1ms);
        return stats().depth() == 0;
    });
    EXPECT_EQ(results("body = 'good'"), 1);
    ASSERT_EQ(dead_letters().size(), 1U);
    EXPECT_EQ(dead_letters()[0].reason, queue::kReceiveCountMax);
    EXPECT_EQ(dead_letters()[0].last_error, "the step threw std::out_of_range");
    EXPECT_EQ(step_.runs_of("bad"), 3U);
}

TEST_F(PoolTest, WhatIsToBeTriedLaterIsNotTriedEarlier) {
    step_.on("later", always(Retry{10s, "not there yet"}));
    send("later");
    const auto pool = start_pool();
    await([&] { return stats().delayed == 1; });
    let_pass(9s);
    send("other");
    await([&] { return results("body = 'other'") == 1; });
    EXPECT_EQ(step_.runs_of("later"), 1U);
    let_pass(1s);
    await([&] { return step_.runs_of("later") == 2; });
}

TEST_F(PoolTest, AStepKeepsItsMessageHoweverSlowItIs) {
    Held held;
    step_.on("slow", Held::script(&held));
    send("slow");
    PoolOptions options;
    options.look_every = 1ms;
    const auto pool = start_pool(options);
    await([&] { return step_.runs_of("slow") == 1; });
    const auto& extended = observe::metrics().counter(
        "larmor_worker_extended_total", "", {{"queue", queue_->name()}, {"lane", "all"}});
    for (int i = 0; i < 6; ++i) {
        const auto before = extended.value();
        let_pass(6s);
        await([&] { return extended.value() > before; });
    }
    held.go_on.set();
    await_empty();
    EXPECT_EQ(results("delivery = 1"), 1);
    EXPECT_EQ(step_.runs().size(), 1U);
}

TEST_F(PoolTest, WhatAStepWritesIsRolledBackWhereItsMessageIsSomebodyElses) {
    Held held;
    step_.on("slow", Held::script(&held));
    send("slow");
    PoolOptions options;
    options.look_every = 1h;
    const auto pool = start_pool(options);
    await([&] { return step_.runs_of("slow") == 1; });
    let_pass(10s);
    await([&] { return gate_.waiting() == 1; });  // delivered again, and waits for its turn
    EXPECT_EQ(results(), 0);
    held.go_on.set();
    await_empty();
    EXPECT_EQ(results(), 1);
    EXPECT_EQ(results("delivery = 2"), 1);
    EXPECT_TRUE(step_.runs().at(1).suspect);
}

TEST_F(PoolTest, AStepThatTakesLongerThanItMayLosesItsMessageAndItsPlaceInCompany) {
    Held held;
    async::CancelToken token;
    const auto script = Held::script(&held);
    step_.on("hangs", [&](queue::Message message, async::CancelToken stop) {
        if (message.receive_count > 1) return always(Done{})(std::move(message), stop);
        token = stop;
        return script(std::move(message), std::move(stop));
    });
    send("hangs");
    PoolOptions options;
    options.look_every = 1ms;
    options.step_max = 1h;
    const auto pool = start_pool(options);
    await([&] { return step_.runs_of("hangs") == 1; });
    let_pass(1h + 1s);
    await_empty();
    EXPECT_EQ(step_.runs_of("hangs"), 2U);
    EXPECT_TRUE(token.cancelled());
    held.go_on.set();
    send("next");
    await_empty();
    EXPECT_EQ(results("body = 'hangs'"), 0) << "came too late";
    EXPECT_EQ(pool->stop(1min), 0U);
}

/// Tells who waits for a look at the messages in flight.
class ClockLookedAt final : public Clock {
public:
    ClockLookedAt(const Clock& real, testing::CommitWatch& watch)
        : real_(real), watch_(watch) {}
    Time now() const override { return real_.now(); }
    std::chrono::microseconds uptime() const override {
        const auto time = real_.uptime();
        ++looks_;
        watch_.notify();
        return time;
    }
    std::int64_t looks() const { return looks_; }

private:
    const Clock& real_;
    testing::CommitWatch& watch_;
    mutable std::atomic<std::int64_t> looks_{0};
};

TEST_F(PoolTest, TimeUntilAStartIsDurableIsNotTheSteps) {
    use({.visibility_timeout = 3h, .receive_count_max = 3});
    Held held;
    step_.on("first", Held::script(&held));
    const ClockLookedAt clock(clock_, *watch_);
    PoolOptions options = one_lane({.batch_max = 2, .concurrency_max = 1});
    options.look_every = 1ms;
    options.step_max = 1h;
    send({{.body = "first"}, {.body = "second"}});
    const auto pool =
        queue::testing::must(Pool::create({*queue_, *watch_, step_, gate_, clock}, options));
    pool->start();
    await([&] { return step_.runs_of("first") == 1; });

    std::promise<void> disk_stands_still;
    std::promise<void> go_on;
    std::thread writer([&] {
        queue::testing::must(watch_->write_and_wait([&](db::Transaction&) -> Result<void> {
            disk_stands_still.set_value();
            go_on.get_future().wait();
            return {};
        }));
    });
    disk_stands_still.get_future().wait();
    held.go_on.set();
    const auto wait_for_looks = [&] {
        const auto looks = clock.looks();
        await([&] { return clock.looks() > looks + 10; });
    };
    wait_for_looks();  // the second one's start is asked for
    let_pass(1h + 1s);
    wait_for_looks();
    go_on.set_value();
    writer.join();
    await_empty();
    EXPECT_EQ(results("body = 'second' AND delivery = 1"), 1);
}

TEST_F(PoolTest, TwoPoolsOnOneQueueDoEachMessageOnce) {
    send_many(150);
    const auto pool = start_pool();
    const auto other = start_pool();
    send_many(150);
    await_empty();
    EXPECT_EQ(results(), 300);
    EXPECT_EQ(step_.runs().size(), 300U);
}

TEST_F(PoolTest, BulkWorkNeverKeepsInteractiveWorkFromAPlace) {
    Held held;
    std::vector<queue::NewMessage> bulk;
    for (int i = 0; i < 30; ++i) {
        step_.on(std::to_string(i), Held::script(&held));
        bulk.push_back({.body = std::to_string(i)});
    }
    send(bulk);
    PoolOptions options;
    options.lanes = interactive_and_bulk(1, 2);
    const auto pool = start_pool(options);
    await([&] { return step_.runs().size() == 2; });
    for (int i = 0; i < 5; ++i) {
        const std::string body = "wanted-" + std::to_string(i);
        send({{.body = body, .priority = kInteractive}});
        await([&] { return results("body = '" + body + "'") == 1; });
    }
    EXPECT_EQ(step_.runs().size(), 7U) << "no more than two of bulk";
    const std::string text = observe::metrics().to_text();
    const auto shows = [&](const std::string& name, int value) {
        const std::string line = name + "{queue=\"" + queue_->name() + "\",lane=\"bulk\"} " +
                                 std::to_string(value) + "\n";
        return text.find(line) != std::string::npos;
    };
    EXPECT_TRUE(shows("larmor_worker_running", 2)) << text;
    EXPECT_TRUE(shows("larmor_worker_running_max", 2));
    EXPECT_TRUE(shows("larmor_worker_in_flight", 20));
    EXPECT_TRUE(shows("larmor_worker_in_flight_max", 20));
    held.go_on.set();
    await_empty();
}

TEST_F(PoolTest, AnEffectThatFailsIsAnErrorOfItsStep) {
    const auto effect = [](ErrorCode code) {
        return always(Done{[code](db::Transaction& tx) -> Result<void> {
            TRY_VOID(tx.run("INSERT INTO results (body, delivery) VALUES ('half', 0)"));
            return fail(code, "refused");
        }});
    };
    step_.on("conflict", effect(ErrorCode::Conflict));
    step_.on("invalid", effect(ErrorCode::InvalidInput));
    send("conflict");
    send("invalid");
    PoolOptions options;
    options.backoff = {.first = 1h, .max = 1h};
    const auto pool = start_pool(options);
    await([&] { return stats().delayed == 1 && stats().dead == 1; });
    EXPECT_EQ(dead_letters()[0].reason, "invalid_input");
    EXPECT_EQ(results(), 0);
    EXPECT_EQ(step_.runs().size(), 2U);
}

TEST_F(PoolTest, TheNextMessageIsSentWithTheRemovalOfItsOwn) {
    step_.on("first", always(Done{[this](db::Transaction& tx) -> Result<void> {
                 const queue::NewMessage next{.body = "second"};
                 TRY_VOID(queue_->send(tx, std::span(&next, 1)));
                 return {};
             }}));
    send("first");
    const auto pool = start_pool();
    await([&] { return results("body = 'second'") == 1; });
    await_empty();
}

TEST_F(PoolTest, ABatchIsFilledWithinItsWindow) {
    const auto pool = start_pool(one_lane({.batch_max = 3, .batch_window = 1min}));
    send("a");
    await([&] { return stats().in_flight == 1; });
    send("b");
    await([&] { return stats().in_flight == 2; });
    EXPECT_EQ(step_.runs().size(), 0U);
    send("c");
    await_empty();
    EXPECT_EQ(results(), 3);
}

/// All messages done by a pool over a database that fails as the seed says.
class FaultyPoolTest : public PoolTest, public ::testing::WithParamInterface<std::uint32_t> {};

TEST_P(FaultyPoolTest, EachMessageIsDoneOnceWhateverTheDatabaseSays) {
    constexpr int kMessages = 80;
    db::testing::FaultyDatabase faulty(
        *watch_, {.seed = GetParam(), .faults_of_100 = 20, .be_late = [] {}});
    const auto queues = queue::testing::must(
        queue::sqlite::open_sqlite_queues(faulty, {.clock = &clock_, .poll_every = 10ms}));
    auto& queue = *queue::testing::must(
        queues->create("faulty", {.visibility_timeout = 10s, .receive_count_max = 1000}));
    std::vector<queue::NewMessage> messages;
    for (int i = 0; i < kMessages; ++i) messages.push_back({.body = std::to_string(i)});
    queue::testing::must(async::sync_wait(queue.send(std::move(messages))));
    faulty.set_faults(true);
    {
        PoolOptions options;
        options.backoff = {.first = 1ms, .max = 1ms};
        const auto pool =
            queue::testing::must(Pool::create({queue, faulty, step_, gate_, clock_}, options));
        pool->start();
        // What was received and whose reply was lost comes back by its visibility timeout.
        await([&] {
            clock_.advance(300ms);
            return queue::testing::must(queue.stats()).depth() == 0;
        });
    }
    EXPECT_GT(faulty.faults(), 10U);
    EXPECT_EQ(results(), kMessages);
    EXPECT_EQ(
        db::testing::count(under_test_.database(), "SELECT count(DISTINCT body) FROM results"),
        kMessages);
    EXPECT_EQ(queue::testing::must(queue.stats()).dead, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, FaultyPoolTest, ::testing::Range(1U, 5U));

}  // namespace
}  // namespace larmor::workers

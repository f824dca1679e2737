#include "async/completion.h"

#include "async/cancel.h"
#include "async/sync_wait.h"

namespace larmor::async {
namespace {
using namespace std::chrono_literals;

Task<std::string> await_text(Completion<std::string>& completion) {
    co_return co_await completion;
}

TEST(Completion, GivesAValueThatWasSetBefore) {
    Completion<std::string> completion;
    completion.set("early");
    EXPECT_TRUE(completion.is_set());
    EXPECT_EQ(sync_wait(await_text(completion)), "early");
}

TEST(Completion, ResumesTheAwaiterOnItsOwnExecutor) {
    Completion<std::string> completion;
    ThreadExecutor other("other");
    auto task = [](Completion<std::string>& c, Executor& setter) -> Task<bool> {
        auto* before = Executor::current();
        setter.post([&c] { c.set("from another thread"); });
        const auto text = co_await c;
        co_return text == "from another thread" && Executor::current() == before;
    };
    EXPECT_TRUE(sync_wait(task(completion, other.executor())));
}

Task<int> add_when_complete(Completion<int>& completion, int& sum) {
    sum += co_await completion;
    co_return 0;
}

// What a group commit does: one thread completes what many tasks wait for.
TEST(Completion, ThousandsAreSetInOneBatchFromAnotherThread) {
    std::vector<std::unique_ptr<Completion<int>>> completions;
    for (int i = 0; i < 5000; ++i) completions.push_back(std::make_unique<Completion<int>>());
    std::thread writer([&] {
        const PostBatch batch;
        for (auto& completion : completions) completion->set(1);
    });
    int sum = 0;
    auto all = [](std::vector<std::unique_ptr<Completion<int>>>& list, int& total) -> Task<> {
        std::vector<Task<int>> tasks;
        for (auto& c : list) tasks.push_back(add_when_complete(*c, total));
        co_await when_all(std::move(tasks));
    };
    sync_wait(all(completions, sum));
    writer.join();
    EXPECT_EQ(sum, 5000);
}

// The completion is in the awaiter's frame and gone as soon as the awaiter runs.
TEST(Completion, IsNotTouchedAfterTheAwaiterCanRun) {
    ThreadExecutor setter("setter");
    auto task = [](Executor& other) -> Task<int> {
        int sum = 0;
        for (int i = 0; i < 20'000; ++i) {
            auto completion = std::make_unique<Completion<int>>();
            other.post([c = completion.get()] { c->set(1); });
            sum += co_await *completion;
        }
        co_return sum;
    };
    EXPECT_EQ(sync_wait(task(setter.executor())), 20'000);
}

Task<int> after_event(Event& event) {
    co_await event;
    co_return 1;
}
TEST(Event, ResumesAllWhoAwaitAndAllWhoComeLater) {
    Event event;
    auto all = [](Event& e) -> Task<int> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 3; ++i) tasks.push_back(after_event(e));
        Executor::current()->post_at(std::chrono::steady_clock::now() + 5ms, [&e] { e.set(); });
        const auto ones = co_await when_all(std::move(tasks));
        co_return static_cast<int>(ones.size()) + co_await after_event(e);
    };
    EXPECT_EQ(sync_wait(all(event)), 4);
}

struct Crowd {
    Semaphore semaphore{3};
    int inside = 0;
    int most = 0;
};
Task<int> enter(Crowd& crowd) {
    const auto permit = co_await crowd.semaphore.acquire();
    crowd.most = std::max(crowd.most, ++crowd.inside);
    co_await yield();
    --crowd.inside;
    co_return 1;
}
TEST(Semaphore, LetsInNoMoreThanItsPermits) {
    Crowd crowd;
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 20; ++i) tasks.push_back(enter(crowd));
    EXPECT_EQ(sync_wait(when_all(std::move(tasks))).size(), 20);
    EXPECT_EQ(crowd.most, 3);
    EXPECT_EQ(crowd.semaphore.free_count(), 3);
}

TEST(Cancel, TokenShowsWhatItsSourceDid) {
    CancelSource source;
    const auto token = source.token();
    EXPECT_TRUE(token.check("importing"));
    source.cancel();
    ASSERT_FALSE(token.check("importing"));
    EXPECT_EQ(token.check("importing").error().code, ErrorCode::Cancelled);
    EXPECT_FALSE(CancelToken().cancelled());
}

TEST(Cancel, WakesASleeperFromAnotherThread) {
    CancelSource source;
    ThreadExecutor other("canceller");
    auto task = [](CancelSource& s, Executor& canceller) -> Task<bool> {
        canceller.post([&s] { s.cancel(); });
        co_return co_await s.token().sleep(1h);
    };
    EXPECT_FALSE(sync_wait(task(source, other.executor())));
    EXPECT_FALSE(sync_wait(source.token().sleep(1h))) << "cancelled before";
    EXPECT_TRUE(sync_wait(CancelSource().token().sleep(1ms)));
}

TEST(Cancel, AnAlarmEndsASleepFromAnotherThreadAndIsNoCancellation) {
    ThreadExecutor other("ringer");
    for (const bool cancellable : {false, true}) {
        CancelSource source;
        const CancelToken token = cancellable ? source.token() : CancelToken();
        const Alarm alarm;
        other.executor().post([alarm] { alarm.ring(); });
        EXPECT_TRUE(sync_wait(token.sleep(1h, alarm)));
        EXPECT_TRUE(sync_wait(token.sleep(1ms, Alarm())));
        const Alarm early;
        early.ring();
        early.ring();
        EXPECT_TRUE(sync_wait(token.sleep(1h, early))) << "rung before the sleep began";
    }
    CancelSource source;
    source.cancel();
    EXPECT_FALSE(sync_wait(source.token().sleep(1h, Alarm())));
}

TEST(Deadline, ExpiresAndSaysWhatTookTooLong) {
    EXPECT_TRUE(Deadline::never().check("x"));
    EXPECT_FALSE(Deadline::after(1h).expired());
    const auto past = Deadline::after(-1ms);
    EXPECT_EQ(past.remaining(), 0ns);
    EXPECT_EQ(past.check("reading").error().code, ErrorCode::Unavailable);
}

}  // namespace
}  // namespace larmor::async

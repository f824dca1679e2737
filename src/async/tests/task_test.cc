#include "async/task.h"

#include <stdexcept>

#include "async/sync_wait.h"

namespace larmor::async {
namespace {

Task<int> give(int value) {
    co_return value;
}
Task<int> sum_of(int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) sum += co_await give(1);
    co_return sum;
}

TEST(Task, DoesNothingUntilItIsAwaited) {
    bool started = false;
    auto body = [](bool& flag) -> Task<> {
        flag = true;
        co_return;
    };
    {
        const auto task = body(started);
        EXPECT_FALSE(started);
    }
    EXPECT_FALSE(started);
    sync_wait(body(started));
    EXPECT_TRUE(started);
}

// With tail calls that the compiler may leave out, this overflows the stack.
TEST(Task, AwaitsAMillionReadyTasksInAConstantStack) {
    EXPECT_EQ(sync_wait(sum_of(1'000'000)), 1'000'000);
}

Task<int> deep(int depth) {
    if (depth == 0) {
        co_await yield();
        co_return 0;
    }
    co_return 1 + co_await deep(depth - 1);
}
TEST(Task, ResumesThroughAThousandLevelsAfterAWait) {
    EXPECT_EQ(sync_wait(deep(1000)), 1000);
}

Task<int> wait_often(int count) {
    int n = 0;
    for (; n < count; ++n) co_await yield();
    co_return n;
}
TEST(Task, WaitsAHundredThousandTimesInAConstantStack) {
    EXPECT_EQ(sync_wait(wait_often(100'000)), 100'000);
}

Task<int> throws_after_a_wait() {
    co_await yield();
    throw std::runtime_error("broken");
}
Task<std::string> catches() {
    try {
        co_await throws_after_a_wait();
    } catch (const std::runtime_error& error) {
        co_return error.what();
    }
    co_return "nothing";
}
TEST(Task, RethrowsAtTheAwait) {
    EXPECT_EQ(sync_wait(catches()), "broken");
    EXPECT_THROW(sync_wait(throws_after_a_wait()), std::runtime_error);
}

Task<std::unique_ptr<int>> give_pointer() {
    co_return std::make_unique<int>(7);
}
TEST(Task, CarriesMoveOnlyValues) {
    EXPECT_EQ(*sync_wait(give_pointer()), 7);
}

Task<Result<int>> fails() {
    co_return fail(ErrorCode::NotFound, "no such thing");
}
Task<Result<int>> hands_on() {
    CO_TRY(const int value, co_await fails());
    co_return value + 1;
}
TEST(Task, HandsResultsOnWithCoTry) {
    const auto result = sync_wait(hands_on());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::NotFound);
}

Task<int> slow(int value, int turns) {
    for (int i = 0; i < turns; ++i) co_await yield();
    co_return value;
}
TEST(WhenAll, GivesValuesInTheOrderOfTheTasks) {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 10; ++i) tasks.push_back(slow(i, 10 - i));
    EXPECT_THAT(sync_wait(when_all(std::move(tasks))),
                testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
    EXPECT_TRUE(sync_wait(when_all(std::vector<Task<int>>{})).empty());
}

Task<int> counts_down(int& left) {
    co_await yield();
    co_return --left;
}
TEST(WhenAll, WaitsForAllBeforeItRethrows) {
    int left = 2;
    std::vector<Task<int>> tasks;
    tasks.push_back(throws_after_a_wait());
    tasks.push_back(counts_down(left));
    tasks.push_back(counts_down(left));
    EXPECT_THROW(sync_wait(when_all(std::move(tasks))), std::runtime_error);
    EXPECT_EQ(left, 0);
}

}  // namespace
}  // namespace larmor::async

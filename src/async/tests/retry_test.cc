#include "async/retry.h"

#include "async/sync_wait.h"

namespace larmor::async {
namespace {
using namespace std::chrono_literals;

RetryOptions fast(unsigned attempts) {
    return {.attempts_max = attempts, .delay_first = 1ms, .delay_max = 2ms};
}

/// Fails `failures` times with `code`, then gives the number of the attempt.
struct Attempt {
    int* calls;
    int failures;
    ErrorCode code = ErrorCode::Unavailable;
    Task<Result<int>> operator()() const { return run(calls, failures, code); }
    static Task<Result<int>> run(int* calls, int failures, ErrorCode code) {
        if (++*calls <= failures) co_return fail(code, "not yet");
        co_return *calls;
    }
};

TEST(Retry, TriesAgainWhenUnavailable) {
    int calls = 0;
    EXPECT_EQ(sync_wait(retry(fast(5), {}, Attempt{&calls, 3})), 4);
}

TEST(Retry, GivesUpAfterTheLastAttempt) {
    int calls = 0;
    const auto result = sync_wait(retry(fast(3), {}, Attempt{&calls, 100}));
    EXPECT_EQ(result.error().code, ErrorCode::Unavailable);
    EXPECT_EQ(calls, 3);
}

TEST(Retry, DoesNotRepeatWhatCannotHelp) {
    int calls = 0;
    const auto result =
        sync_wait(retry(fast(3), {}, Attempt{&calls, 100, ErrorCode::InvalidInput}));
    EXPECT_EQ(result.error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(calls, 1);
}

TEST(Retry, StopsWhenCancelledOrLate) {
    int calls = 0;
    CancelSource source;
    source.cancel();
    EXPECT_EQ(sync_wait(retry(fast(3), source.token(), Attempt{&calls, 9})).error().code,
              ErrorCode::Cancelled);
    EXPECT_EQ(calls, 0);

    auto late = fast(1000);
    late.deadline = Deadline::after(20ms);
    EXPECT_FALSE(sync_wait(retry(late, {}, Attempt{&calls, 1000})));
    EXPECT_LT(calls, 1000);
}

TEST(Backoff, DoublesUpToItsLimitAndSpreads) {
    const RetryOptions options{.delay_first = 100ms, .delay_max = 1000ms};
    EXPECT_EQ(backoff_delay(options, 1, 0.5), 50ms);
    EXPECT_EQ(backoff_delay(options, 2, 0.5), 100ms);
    EXPECT_EQ(backoff_delay(options, 4, 0.5), 400ms);
    EXPECT_EQ(backoff_delay(options, 5, 0.5), 500ms);
    EXPECT_EQ(backoff_delay(options, 4'000'000'000U, 0.5), 500ms);
    EXPECT_EQ(backoff_delay(options, 3, 0), 0ms);
    for (int i = 0; i < 100; ++i) {
        const double r = random_unit();
        EXPECT_TRUE(r >= 0 && r < 1);
    }
}

}  // namespace
}  // namespace larmor::async

#include "db/sqlite/checkpoint_policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace larmor::db::sqlite {
namespace {

using namespace std::chrono_literals;
using Clock = CheckpointTry::Clock;

constexpr std::uint64_t kMax = 16'384;  // 64 MiB
constexpr Clock::time_point kStart{1h};

CheckpointTry all_of(std::uint64_t log_pages) {
    return {.log_pages = log_pages, .copied_pages = log_pages, .took = 1ms, .ended = kStart};
}
CheckpointTry held_back(std::uint64_t log_pages, std::uint64_t copied_pages,
                        Clock::duration took = 1ms) {
    return {
        .log_pages = log_pages, .copied_pages = copied_pages, .took = took, .ended = kStart};
}

/// The lengths of the log at which it is copied while it grows to `log_pages_max`, a page at a
/// time and at a standing clock, when each try copies `copied_pages`.
std::vector<std::uint64_t> tries_up_to(std::uint64_t log_pages_max,
                                       std::uint64_t copied_pages) {
    CheckpointPolicy policy(kMax);
    std::vector<std::uint64_t> tries;
    for (std::uint64_t log_pages = 1; log_pages <= log_pages_max; ++log_pages) {
        if (!policy.is_due(log_pages, kStart)) {
            EXPECT_FALSE(policy.commits_wait(log_pages));
            continue;
        }
        tries.push_back(log_pages);
        policy.tried(log_pages, held_back(log_pages, copied_pages));
    }
    return tries;
}

TEST(CheckpointPolicy, CopiesAsSoonAsTheLogIsAsLongAsItShouldBe) {
    CheckpointPolicy policy(kMax);
    EXPECT_FALSE(policy.is_due(kMax - 1, kStart));
    EXPECT_TRUE(policy.is_due(kMax, kStart));

    policy.copied_all();
    EXPECT_FALSE(policy.is_due(kMax - 1, kStart));
    EXPECT_TRUE(policy.is_due(kMax, kStart));
}

TEST(CheckpointPolicy, TriesAQuarterLaterWhereAHeldSnapshotLetsNothingBeCopied) {
    // 16,384 times 5/4 and so on; at every eighth of 64 MiB it would be 1,945 times.
    EXPECT_EQ(tries_up_to(4'000'000, 0).size(), 25U);
    const auto first = tries_up_to(40'000, 0);
    EXPECT_EQ(first, (std::vector<std::uint64_t>{16'384, 20'480, 25'600, 32'000, 40'000}));
}

TEST(CheckpointPolicy, TriesSoonAgainOnceWhereSomethingWasCopied) {
    // What the reader's state has was copied by the first try; the second achieves nothing.
    const auto tries = tries_up_to(30'000, 16'000);
    EXPECT_EQ(tries, (std::vector<std::uint64_t>{16'384, 18'433, 23'041, 28'801}));
}

TEST(CheckpointPolicy, TriesSoonAgainAsLongAsEachTryCopiesSomething) {
    CheckpointPolicy policy(kMax);
    std::uint64_t log_pages = kMax;
    for (int i = 0; i < 10; ++i) {
        policy.tried(log_pages, held_back(log_pages, log_pages - 10));
        EXPECT_FALSE(policy.is_due(log_pages + kMax / 8, kStart));
        log_pages += kMax / 8 + 1;
        EXPECT_TRUE(policy.is_due(log_pages, kStart));
    }
}

TEST(CheckpointPolicy, NoticesTheEndOfALongSnapshotThoughLittleIsWritten) {
    CheckpointPolicy policy(kMax);
    const std::uint64_t log_pages = 4'000'000;
    policy.tried(log_pages, held_back(log_pages, 0, 500ms));
    // A hundredth of the time goes to tries at most, and an eighth of 64 MiB must have come.
    EXPECT_FALSE(policy.is_due(log_pages + 3'000, kStart + 49s));
    EXPECT_TRUE(policy.is_due(log_pages + 3'000, kStart + 50s));
    EXPECT_FALSE(policy.is_due(log_pages + 2'000, kStart + 50s));
}

TEST(CheckpointPolicy, BeginsAnewWithALogThatDid) {
    CheckpointPolicy policy(kMax);
    policy.tried(1'000'000, held_back(1'000'000, 0));
    EXPECT_FALSE(policy.is_due(kMax, kStart));
    policy.copied_all();
    EXPECT_TRUE(policy.is_due(kMax, kStart));
}

TEST(CheckpointPolicy, LeavesToTheWriterOnlyALittle) {
    EXPECT_TRUE(CheckpointPolicy::ends_between_commits(20'000, all_of(16'384)));
    EXPECT_FALSE(CheckpointPolicy::ends_between_commits(21'000, all_of(16'384)));
    // A reader that began a little before the try.
    EXPECT_TRUE(CheckpointPolicy::ends_between_commits(20'000, held_back(16'384, 16'000)));
    // A snapshot that is held: sorting its log would hold the commits up for nothing.
    EXPECT_FALSE(CheckpointPolicy::ends_between_commits(16'384, held_back(16'384, 0)));
}

TEST(CheckpointPolicy, LetsCommitsWaitForADiskThatCopiesMoreSlowly) {
    CheckpointPolicy policy(kMax);
    EXPECT_FALSE(policy.commits_wait(4 * kMax - 1));
    EXPECT_TRUE(policy.commits_wait(4 * kMax));

    // Commits were quicker: the next try is due at once, and they wait where it ends no sooner.
    policy.tried(3 * kMax, all_of(kMax));
    EXPECT_TRUE(policy.is_due(3 * kMax, kStart));
    EXPECT_TRUE(policy.commits_wait(4 * kMax));
}

TEST(CheckpointPolicy, LetsNoCommitWaitForAReader) {
    CheckpointPolicy policy(kMax);
    policy.tried(kMax, held_back(kMax, 0));
    const std::uint64_t waits_at = 4 * (kMax + kMax / 8 + 1);
    EXPECT_FALSE(policy.commits_wait(waits_at - 1));
    EXPECT_TRUE(policy.is_due(waits_at, kStart)) << "a try is due long before commits wait";
    policy.tried(waits_at, held_back(waits_at, 0));
    EXPECT_FALSE(policy.commits_wait(waits_at));
}

}  // namespace
}  // namespace larmor::db::sqlite

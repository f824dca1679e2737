#include "reassembly/run/early_sync.h"

#include <gtest/gtest.h>

#include <atomic>

namespace larmor::reassembly::run {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TEST(EarlySync, BeginsWhenMuchWasWrittenAndSyncsOnceMoreAtTheEnd) {
    std::atomic<int> syncs{0};
    EarlySync early([&]() -> Result<void> {
        ++syncs;
        return {};
    });
    early.wrote(63 * kMiB);
    EXPECT_EQ(syncs, 0);
    early.wrote(kMiB);
    ASSERT_TRUE(early.wait());
    EXPECT_EQ(syncs, 1);

    ASSERT_TRUE(early.finish());

    EXPECT_EQ(syncs, 2);
}

TEST(EarlySync, SaysForeverThatAnEarlyOneFailed) {
    std::atomic<int> syncs{0};
    EarlySync early([&]() -> Result<void> {
        if (++syncs == 1) return fail(ErrorCode::Unavailable, "the disk is broken");
        return {};
    });
    early.wrote(64 * kMiB);

    const auto first = early.finish(), second = early.finish();

    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().message, "the disk is broken");
    EXPECT_FALSE(second) << "a later sync says nothing about what an earlier one lost";
}

}  // namespace
}  // namespace larmor::reassembly::run

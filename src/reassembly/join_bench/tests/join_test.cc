#include "reassembly/join_bench/join.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "reassembly/join_bench/synthetic_uids.h"

namespace larmor::reassembly::join_bench {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TEST(SyntheticUids, AreDifferentValidUidsInTwoOrders) {
    for (const std::uint64_t count : {1U, 2U, 3U, 1000U, 1024U, 1025U}) {
        const SyntheticUids uids(count);
        std::set<std::string> texts;
        std::set<std::uint64_t> shuffled;
        for (std::uint64_t i = 0; i < count; ++i) {
            UidText text;
            SyntheticUids::write(i, text);
            texts.emplace(text.view());
            shuffled.insert(uids.shuffled(i));
            EXPECT_LE(text.size, 64);
            EXPECT_EQ(text.view().find_first_not_of("0123456789."), std::string_view::npos);
        }
        EXPECT_EQ(texts.size(), count);
        EXPECT_EQ(shuffled.size(), count);
        EXPECT_EQ(*shuffled.rbegin(), count - 1);
    }
}

TEST(Join, PairsEveryKeyOnceWithItsOwnRecordInMemory) {
    const auto report = run_join({.keys = 300'000, .memory_bytes = 256 * kMiB, .threads = 2});

    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pairs, 300'000);
    EXPECT_EQ(report->wrong, 0);
    EXPECT_EQ(report->index_file_bytes, 0);
}

TEST(Join, PairsTheSameOutOfAFileAndWithAShortWindow) {
    const auto report = run_join({.keys = 300'000,
                                  .memory_bytes = 56 * kMiB,
                                  .threads = 2,
                                  .payload_bytes = 100'000,
                                  .partition_bits = 4,
                                  .spool_folder = std::filesystem::temp_directory_path()});

    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pairs, 300'000);
    EXPECT_EQ(report->wrong, 0);
    EXPECT_GT(report->index_file_bytes, 0);
    EXPECT_EQ(report->window_members, 56 * kMiB / 8 / 100'000 / 2);
}

TEST(Join, SaysThatItCannotWorkInTooLittleMemory) {
    const auto report = run_join({.keys = 10, .memory_bytes = kMiB, .threads = 1});

    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::LimitExceeded);
}

}  // namespace
}  // namespace larmor::reassembly::join_bench

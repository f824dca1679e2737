#include "reassembly/uid_index/uid_hash.h"

#include <gtest/gtest.h>

#include "reassembly/uid_index/entry.h"

namespace larmor::reassembly::uid_index {
namespace {

TEST(UidHasher, GivesEqualHashesForEqualUidsUnderOneSecretOnly) {
    const auto one = UidHasher::with_random_secret();
    const auto other = UidHasher::with_random_secret();

    EXPECT_EQ(one("1.2.3"), one("1.2.3"));
    EXPECT_FALSE(one("1.2.3") == one("1.2.30"));
    EXPECT_FALSE(one("1.2.3") == one("1.23"));
    EXPECT_FALSE(one("1.2.3") == other("1.2.3"));
}

TEST(UidHasher, SpreadsUidsThatDifferInTheirLastDigitsOverAllPartitions) {
    const auto hash = UidHasher::with_random_secret();
    std::vector<unsigned> counts(1 << 6);
    for (int i = 0; i < 64'000; ++i) {
        const std::string uid = "1.2.840.113619.2.55.3.604688119.971." + std::to_string(i);
        ++counts[partition_of(hash(uid), 6)];
    }
    // 1,000 are expected in each; eight standard deviations are 252.
    for (const unsigned count : counts) {
        EXPECT_GT(count, 748);
        EXPECT_LT(count, 1252);
    }
}

TEST(Entry, KeepsAllBitsOfAnOrdinalBesideTheHash) {
    const UidHash hash{.high = ~0ULL, .low = 0x0123456789abcdefULL};

    constexpr std::array<std::uint64_t, 5> kOrdinals{0, 1, 0xffffffff, 0x100000000,
                                                     kRecordsMax - 1};
    for (const std::uint64_t ordinal : kOrdinals) {
        const Entry entry = Entry::of(hash, ordinal);
        EXPECT_EQ(entry.ordinal(), ordinal);
        EXPECT_EQ(entry.order(), 0x0123456788000000ULL);
    }
}

}  // namespace
}  // namespace larmor::reassembly::uid_index

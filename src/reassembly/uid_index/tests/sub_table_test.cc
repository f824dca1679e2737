#include "reassembly/uid_index/sub_table.h"

#include <gtest/gtest.h>

namespace larmor::reassembly::uid_index {
namespace {

/// Between the orders of two hashes that are as near each other as they can be.
constexpr std::uint64_t kStep = std::uint64_t{1} << (64 - kOrderBits);

std::vector<Entry> entries_of(
    std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> all) {
    std::vector<Entry> entries;
    for (const auto& [order, ordinal] : all)
        entries.push_back(Entry::of({.high = 0, .low = order}, ordinal));
    return entries;
}

Result<Shape> build(SubTableBuilder& builder, const std::vector<Entry>& entries) {
    const std::span<const Entry> run(entries);
    return builder.build(std::span(&run, 1));
}

TEST(SubTable, LaysThreeHashesWhereTheyBelongByHand) {
    SubTableBuilder builder;
    // 3 of a load of 0.9 are 4 homes (rounded up), so the quarters of all hashes.
    const auto shape = build(builder, entries_of({{0xc000000000000000ULL, 7},
                                                  {0x4000000000000000ULL, 8},
                                                  {0x4400000000000000ULL, 9}}));

    ASSERT_TRUE(shape);
    EXPECT_EQ(shape->home_count, 4);
    EXPECT_EQ(shape->slot_count, 5);
    const auto slots = builder.slots();
    EXPECT_EQ(slots[0], 0);
    EXPECT_EQ(value_of(slots[1]), value_of_ordinal(8));
    EXPECT_EQ(value_of(slots[2]), value_of_ordinal(9)) << "its home 1 was taken";
    EXPECT_EQ(value_of(slots[3]), value_of_ordinal(7));
    EXPECT_EQ(slots[4], 0) << "whoever looks on must find an end";
}

TEST(SubTable, TakesTenNinthsOfASlotForAUid) {
    std::vector<Entry> entries;
    for (std::uint64_t i = 0; i < 90'000; ++i)
        entries.push_back(Entry::of({.high = 0, .low = i * 0x9e3779b97f4a7c15ULL}, i));
    SubTableBuilder builder;

    const auto shape = build(builder, entries);

    ASSERT_TRUE(shape);
    EXPECT_EQ(shape->home_count, 100'000);
    EXPECT_LT(shape->slot_count, 100'257);
    EXPECT_TRUE(shape->ordered);
}

TEST(SubTable, CollapsesEqualHashesIntoOneListInTheOrderOfTheRecords) {
    SubTableBuilder builder;
    const auto shape = build(
        builder, entries_of({{2 * kStep, 30}, {kStep, 1}, {2 * kStep, 10}, {2 * kStep, 20}}));

    ASSERT_TRUE(shape);
    EXPECT_EQ(builder.uid_count(), 2);
    EXPECT_EQ(builder.duplicates()[0], 10);
    EXPECT_EQ(builder.duplicates()[1], 20);
    EXPECT_EQ(builder.duplicates()[2], 30 | kLastOfList);
    EXPECT_TRUE(is_list(value_of(builder.slots()[1])));
    EXPECT_EQ(list_of(value_of(builder.slots()[1])), 0);
}

TEST(SubTable, SaysThatFingerprintsCannotBeOrderedWhereTooManyHaveOneHome) {
    std::vector<Entry> entries;
    for (std::uint64_t i = 0; i < 200; ++i)
        entries.push_back(Entry::of({.high = 0, .low = kStep * i}, i));
    SubTableBuilder builder;

    const auto shape = build(builder, entries);

    ASSERT_TRUE(shape);
    EXPECT_FALSE(shape->ordered);
}

TEST(SubTable, RefusesHashesThatNoKeyMakes) {
    std::vector<Entry> entries;
    for (std::uint64_t i = 1; i <= 400; ++i)
        entries.push_back(Entry::of({.high = 0, .low = ~0ULL - kStep * i}, i));
    SubTableBuilder builder;

    const auto crowded = build(builder, entries);

    ASSERT_FALSE(crowded);
    EXPECT_EQ(crowded.error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace larmor::reassembly::uid_index

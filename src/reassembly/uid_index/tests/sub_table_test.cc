#include "reassembly/uid_index/sub_table.h"

#include <gtest/gtest.h>

namespace larmor::reassembly::uid_index {
namespace {

/// Between the orders of two hashes that are as near each other as they can be.
constexpr std::uint64_t kStep = std::uint64_t{1} << (64 - kOrderBits);

std::vector<Entry> entries_of(const std::vector<std::pair<std::uint64_t, std::uint64_t>>& all) {
    std::vector<Entry> entries;
    for (const auto& [order, ordinal] : all)
        entries.push_back(Entry::of({.high = 0, .low = order}, ordinal));
    return entries;
}

Result<Shape> build(SubTableBuilder& builder, const std::vector<Entry>& entries) {
    const std::span<const Entry> run(entries);
    return builder.build(std::span(&run, 1));
}

TEST(SubTable, LaysHashesIntoTheLinesWhereTheyBelong) {
    SubTableBuilder builder;
    // 10 of a load of 0.9 are 12 homes (rounded up), so two lines: halves of all hashes.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> all{{0xe000000000000000ULL, 30},
                                                             {0x8000000000000000ULL, 20}};
    for (std::uint64_t i = 8; i-- > 0;) all.emplace_back(i << 60U, i);
    const auto shape = build(builder, entries_of(all));

    ASSERT_TRUE(shape);
    EXPECT_EQ(shape->home_count, 16);
    EXPECT_EQ(shape->slot_count, 16);
    const auto slots = builder.slots();
    ASSERT_EQ(slots.size(), 16);
    for (std::uint64_t i = 0; i < 8; ++i)
        EXPECT_EQ(value_of(slots[i]), value_of_ordinal(i)) << "in the order of the hashes";
    EXPECT_EQ(value_of(slots[8]), value_of_ordinal(20));
    EXPECT_EQ(value_of(slots[9]), value_of_ordinal(30)) << "at the beginning of its line";
    for (std::uint64_t i = 10; i < 16; ++i) EXPECT_EQ(slots[i], 0);
}

TEST(SubTable, GoesOnInTheNextLineWhereOneIsFull) {
    SubTableBuilder builder;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> all{{0x8000000000000000ULL, 20}};
    for (std::uint64_t i = 0; i < 9; ++i) all.emplace_back(i << 59U, i);
    const auto shape = build(builder, entries_of(all));

    ASSERT_TRUE(shape);
    ASSERT_EQ(shape->home_count, 16);
    const auto slots = builder.slots();
    EXPECT_EQ(value_of(slots[8]), value_of_ordinal(8));
    EXPECT_EQ(value_of(slots[9]), value_of_ordinal(20)) << "the first of its line was taken";
    EXPECT_EQ(slots[10], 0) << "whoever looks on must find an end";
}

/// One after the other in the order of their hashes, as the shape promises it.
std::vector<Slot> laid_in_order(std::vector<Entry> entries, const Shape& shape) {
    std::ranges::sort(entries, {}, [](const Entry& entry) { return entry.order(); });
    std::vector<Slot> slots(shape.slot_count);
    std::size_t free = 0;
    for (const Entry& entry : entries) {
        const Home home = Home::of(entry.order(), shape.home_count);
        free = std::max<std::size_t>(free, home.number / 8 * 8);
        slots.at(free++) =
            std::uint64_t{home.fingerprint} << kOrdinalBits | value_of_ordinal(entry.ordinal());
    }
    return slots;
}

TEST(SubTable, LaysHashesInTheirOrderInWhateverOrderTheyCome) {
    const auto hash = UidHasher::with_random_secret();
    SubTableBuilder builder;
    for (const std::size_t count : {1U, 7U, 8U, 9U, 1'000U, 50'000U}) {
        std::vector<Entry> entries;
        for (std::size_t i = 0; i < count; ++i)
            entries.push_back(Entry::of(hash("1.2.840." + std::to_string(i)), i));

        const auto shape = build(builder, entries);

        ASSERT_TRUE(shape);
        EXPECT_TRUE(std::ranges::equal(builder.slots(), laid_in_order(entries, *shape)));
        EXPECT_EQ(builder.uid_count(), count);
    }
}

TEST(SubTable, LaysHashesOfOneFingerprintInTheirOrder) {
    // A table of 9 looks at the first 26 bits only.
    std::vector<Entry> entries = entries_of({{7 * kStep, 1}, {3 * kStep, 2}, {5 * kStep, 0}});
    for (std::uint64_t i = 1; i < 7; ++i)
        entries.push_back(Entry::of({.high = 0, .low = i << 61U}, 10 + i));
    SubTableBuilder builder;

    const auto shape = build(builder, entries);

    ASSERT_TRUE(shape);
    EXPECT_TRUE(std::ranges::equal(builder.slots(), laid_in_order(entries, *shape)));
    EXPECT_EQ(value_of(builder.slots()[0]), value_of_ordinal(2));
}

TEST(SubTable, FindsAFingerprintInAnySlotOfALine) {
    constexpr std::uint32_t kWanted = 0x2aaaaaaa;
    for (unsigned set = 0; set < 256; ++set) {
        alignas(64) std::array<Slot, kLineSlots> line{};
        for (unsigned i = 0; i < kLineSlots; ++i) {
            // Another one differs in one bit; values, whatever they are, are not looked at.
            const std::uint32_t found =
                (set >> i & 1U) != 0 ? kWanted : kWanted ^ 1U << (set + i) % 30;
            line.at(i) = std::uint64_t{found} << kOrdinalBits | (kRecordsMax - i);
        }
        EXPECT_EQ(hits_in_line(line.data(), kWanted), set);
    }
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

#include "dicom/offset_tables.h"

#include <gtest/gtest.h>

#include "base/hash.h"

namespace larmor::dicom {
namespace {

using enum OffsetTableForm;

std::vector<FrameFragments> frames_of(const std::vector<std::vector<std::uint64_t>>& sizes) {
    std::vector<FrameFragments> frames;
    for (const auto& fragments : sizes) {
        auto& frame = frames.emplace_back();
        for (const auto size : fragments) frame.add(size);
    }
    return frames;
}

// Offsets are those of the frames' first items, from that of the first frame on: an item has 8
// bytes before its value, and an odd value one of padding behind it.
TEST(OffsetTables, BasicOnesCountItemsWithTheirPadding) {
    const auto tables = offset_tables(frames_of({{5}, {6, 1}, {7}}), BasicIfItFits);

    // 0; 8 + 6; 14 + 8 + 6 + 8 + 2.
    EXPECT_EQ(to_hex(tables.basic), "000000000e00000026000000");
    EXPECT_TRUE(tables.extended.empty() && tables.extended_lengths.empty());
}

TEST(OffsetTables, ExtendedOnesHaveLengthsWithoutPaddingAndLeaveTheBasicOneEmpty) {
    const auto tables = offset_tables(frames_of({{5}, {6}}), ExtendedIfItMay);

    EXPECT_EQ(to_hex(tables.extended), "00000000000000000e00000000000000");
    EXPECT_EQ(to_hex(tables.extended_lengths), "05000000000000000600000000000000");
    EXPECT_TRUE(tables.basic.empty());
}

TEST(OffsetTables, AreNotExtendedWhereAFrameIsSeveralFragments) {
    const auto tables = offset_tables(frames_of({{6}, {6, 6}}), ExtendedIfItMay);

    EXPECT_EQ(to_hex(tables.basic), "000000000e000000");
    EXPECT_TRUE(tables.extended.empty());
}

TEST(OffsetTables, AreExtendedFromTheFirstOffsetThatDoesNotFit) {
    const std::uint64_t gib = 1ULL << 30;
    // The third frame begins at 4 GiB, or four bytes before.
    for (const auto& [size, fits] : {std::pair(2 * gib - 8, false), {2 * gib - 10, true}}) {
        const auto tables = offset_tables(frames_of({{size}, {size}, {size}}), BasicIfItFits);
        EXPECT_EQ(tables.basic.size(), fits ? 12U : 0U);
        EXPECT_EQ(tables.extended.size(), fits ? 0U : 24U);
    }
    // Of several fragments, and too large: readers have to look for the frames.
    const auto none = offset_tables(frames_of({{4 * gib - 2, 2}, {2}}), BasicIfItFits);
    EXPECT_TRUE(none.basic.empty() && none.extended.empty());
}

}  // namespace
}  // namespace larmor::dicom

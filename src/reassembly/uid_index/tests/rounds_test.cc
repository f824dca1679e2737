#include "reassembly/uid_index/rounds.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <set>

namespace larmor::reassembly::uid_index {
namespace {

constexpr std::uint32_t kPartitions = 64;
/// Of one huge page.
constexpr std::size_t kBlocks = Pages::kHugeBytes / Rounds::kBlockBytes;
constexpr std::size_t kRoundsInAPage = kBlocks / kPartitions;

/// All blocks of as many huge pages, round by round, each filled with a number of its own.
std::vector<std::byte*> take_pages(Rounds& rounds, std::size_t count) {
    std::vector<std::byte*> blocks;
    for (std::size_t round = 0; round < count * kRoundsInAPage; ++round)
        for (std::uint32_t partition = 0; partition < kPartitions; ++partition)
            blocks.push_back(rounds.take(partition));
    return blocks;
}

TEST(Rounds, GivesEachBlockOnceAsFarAsTheMemoryGoes) {
    Rounds rounds(kPartitions, 2 * Pages::kHugeBytes);

    const auto blocks = take_pages(rounds, 2);

    const std::set<std::byte*> different(blocks.begin(), blocks.end());
    EXPECT_EQ(different.size(), 2 * kBlocks);
    EXPECT_EQ(different.count(nullptr), 0);
    for (std::byte* const block : blocks) EXPECT_TRUE(rounds.has(block));
    EXPECT_EQ(rounds.take(0), nullptr);
    EXPECT_FALSE(rounds.has(nullptr));
}

TEST(Rounds, HasNothingForAPartitionFarAheadOfTheOthers) {
    Rounds rounds(kPartitions, 16 * Pages::kHugeBytes);
    std::size_t given = 0;
    while (rounds.take(7) != nullptr) ASSERT_LT(++given, 10);

    EXPECT_GE(given, 1);
    EXPECT_NE(rounds.take(8), nullptr) << "others go on";
    take_pages(rounds, 1);
    EXPECT_NE(rounds.take(7), nullptr) << "they have caught up";
}

TEST(Rounds, HasNothingWhereThereIsNoRoomForARound) {
    Rounds rounds(kPartitions, kPartitions * Rounds::kBlockBytes - 1);
    EXPECT_EQ(rounds.take(0), nullptr);
}

TEST(Rounds, MovesAPageWhenTheLastOfItsBlocksIsReleased) {
    Rounds rounds(kPartitions, 2 * Pages::kHugeBytes);
    const auto blocks = take_pages(rounds, 2);
    std::memset(blocks[kBlocks], 0x5a, Rounds::kBlockBytes);
    auto to = Pages::reserve(Pages::kHugeBytes, Pages::Size::Huge);
    ASSERT_TRUE(to);

    for (std::size_t i = 1; i < 2 * kBlocks; ++i) {
        // The first page never, the second one with its last block.
        ASSERT_FALSE(rounds.move_to(to->data()).value()) << i;
        rounds.release(blocks[i]);
    }

    ASSERT_TRUE(rounds.move_to(to->data()).value());
    EXPECT_EQ(to->data()[0], std::byte{0x5a});
    EXPECT_FALSE(rounds.move_to(to->data()).value())
        << "a block of the other page is still used";
    std::memset(blocks[0], 1, Rounds::kBlockBytes);
    EXPECT_EQ(to->data()[0], std::byte{0x5a}) << "nobody else has that memory";
}

/// While this lives the process gets no address space, also not in the place of what it gives
/// back.
class NoAddressSpace {
public:
    NoAddressSpace() {
        ::getrlimit(RLIMIT_AS, &before_);
        const rlimit none{Pages::kHugeBytes, before_.rlim_max};
        ::setrlimit(RLIMIT_AS, &none);
    }
    NoAddressSpace(const NoAddressSpace&) = delete;
    NoAddressSpace& operator=(const NoAddressSpace&) = delete;
    ~NoAddressSpace() { ::setrlimit(RLIMIT_AS, &before_); }

private:
    rlimit before_{};
};

bool is_mapped(std::byte* page) {
    unsigned char resident = 0;
    return ::mincore(page, 1, &resident) == 0;
}

TEST(Rounds, NeverSaysOfAHoleThatItIsAPlace) {
    Rounds rounds(kPartitions, Pages::kHugeBytes);
    for (std::byte* const block : take_pages(rounds, 1)) rounds.release(block);
    auto to = Pages::reserve(Pages::kHugeBytes, Pages::Size::Huge);
    ASSERT_TRUE(to);

    const auto moved = [&] {
        const NoAddressSpace none;
        return rounds.move_to(to->data());
    }();

    // Linux 6.18 finds that it can't when it has unmapped what was there.
    EXPECT_FALSE(moved.value_or(false));
    EXPECT_TRUE(!moved || is_mapped(to->data()));
    EXPECT_TRUE(moved || moved.error().code == ErrorCode::Unavailable);
}

TEST(Pages, AreRenewedWhereNothingIsMappedAnyMore) {
    auto pages = Pages::reserve(2 * Pages::kHugeBytes, Pages::Size::Huge);
    ASSERT_TRUE(pages);
    std::byte* const second = pages->data() + Pages::kHugeBytes;
    second[7] = std::byte{1};
    ASSERT_EQ(::munmap(second, Pages::kHugeBytes), 0);

    const auto renewed = Pages::renew_huge(second);

    ASSERT_TRUE(renewed) << renewed.error().message;
    ASSERT_TRUE(is_mapped(second));
    EXPECT_EQ(second[7], std::byte{0});
    second[Pages::kHugeBytes - 1] = std::byte{1};
}

TEST(Pages, BeginAtAMultipleOfAHugePageAndAreWholeOnes) {
    for (const std::uint64_t size : {1U, 4096U, 5'000'000U}) {
        const auto pages = Pages::reserve(size, Pages::Size::Huge);
        ASSERT_TRUE(pages);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pages->data()) % Pages::kHugeBytes, 0);
        EXPECT_EQ(pages->size_bytes() % Pages::kHugeBytes, 0);
        EXPECT_GE(pages->size_bytes(), size);
        pages->data()[pages->size_bytes() - 1] = std::byte{1};
    }
}

}  // namespace
}  // namespace larmor::reassembly::uid_index

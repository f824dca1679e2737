#include "reassembly/reads/read_ring.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "reassembly/reads/scratch_file.h"

namespace larmor::reassembly::reads {
namespace {

/// A file in which each 8 bytes hold their own number.
UniqueFd numbered_file(std::uint64_t count) {
    auto file = open_scratch_file(std::filesystem::temp_directory_path());
    EXPECT_TRUE(file) << file.error().message;
    std::vector<std::uint64_t> numbers(count);
    for (std::uint64_t i = 0; i < count; ++i) numbers[i] = i;
    EXPECT_TRUE(write_at(*file, 0, std::as_bytes(std::span(numbers))));
    return std::move(*file);
}

TEST(ReadRing, GivesEveryReadBackOnceWithItsBytes) {
    const auto file = numbered_file(10'000);
    auto ring = ReadRing::create(64);
    ASSERT_TRUE(ring) << ring.error().message;

    std::vector<std::uint64_t> read(10'000, ~0ULL);
    std::set<std::uint64_t> finished;
    for (std::uint64_t i = 0; i < read.size();) {
        const std::uint64_t at = i * 7919 % read.size();
        if (ring->start(file, at * 8, std::as_writable_bytes(std::span(read).subspan(at, 1)),
                        at)) {
            ++i;
            continue;
        }
        const auto one = ring->next();
        ASSERT_TRUE(one && *one);
        EXPECT_EQ((*one)->size_bytes, 8);
        finished.insert((*one)->tag);
    }
    EXPECT_EQ(ring->in_flight(), 64);
    for (;;) {
        const auto one = ring->next();
        ASSERT_TRUE(one);
        if (!*one) break;
        finished.insert((*one)->tag);
    }

    EXPECT_EQ(finished.size(), read.size());
    for (std::uint64_t i = 0; i < read.size(); ++i) ASSERT_EQ(read[i], i);
}

TEST(ReadRing, SaysHowMuchThereWasAtTheEndOfTheFile) {
    const auto file = numbered_file(2);
    auto ring = ReadRing::create(4);
    ASSERT_TRUE(ring) << ring.error().message;
    std::array<std::byte, 64> out{};

    ASSERT_TRUE(ring->start(file, 8, out, 1));
    const auto cut = ring->next();
    ASSERT_TRUE(cut && *cut);
    EXPECT_EQ((*cut)->size_bytes, 8);

    ASSERT_TRUE(ring->start(file, 16, out, 2));
    const auto behind = ring->next();
    ASSERT_TRUE(behind && *behind);
    EXPECT_EQ((*behind)->size_bytes, 0);
}

TEST(ReadRing, NamesTheOffsetOfAReadThatFails) {
    auto ring = ReadRing::create(4);
    ASSERT_TRUE(ring) << ring.error().message;
    std::array<std::byte, 8> out{};
    const UniqueFd none;

    ASSERT_TRUE(ring->start(none, 4096, out, 1));
    const auto failed = ring->next();

    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(failed.error().message, ::testing::HasSubstr("4096"));
    const auto nothing = ring->next();
    ASSERT_TRUE(nothing);
    EXPECT_FALSE(*nothing);
}

}  // namespace
}  // namespace larmor::reassembly::reads

#include "reassembly/uid_index/index.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reassembly/uid_index/tests/test_index.h"

namespace larmor::reassembly::uid_index::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kMany = 200'000;

std::vector<Appended> many(const UidHasher& hasher) {
    std::vector<Appended> all;
    for (std::uint64_t i = 0; i < kMany; ++i)
        all.push_back({hasher("1.2.840.99." + std::to_string(i)), i});
    return all;
}

/// Looks all of `many` up at once, and as many that are not there.
void expect_many(const Index& index, const UidHasher& hasher) {
    auto finder = Finder::create(index);
    ASSERT_TRUE(finder) << finder.error().message;
    std::vector<UidHash> hashes;
    for (std::uint64_t i = 0; i < 2 * kMany; ++i)
        hashes.push_back(hasher("1.2.840.99." + std::to_string(i)));
    std::vector<Match> matches(hashes.size());
    const auto found = finder->find(hashes, matches);
    ASSERT_TRUE(found) << found.error().message;

    std::uint64_t right = 0, none = 0;
    for (std::uint64_t i = 0; i < kMany; ++i) right += matches[i].value == value_of_ordinal(i);
    for (std::uint64_t i = kMany; i < 2 * kMany; ++i) none += !matches[i];
    // A fingerprint that fits by chance is not excluded, but 400,000 * 5 / 2^30 is 0.002.
    EXPECT_GE(right, kMany - 1);
    EXPECT_GE(none, kMany - 1);
}

TEST(Index, FindsEveryRecordInMemory) {
    const auto hasher = UidHasher::with_random_secret();
    const auto index = build_index(in_memory(2), many(hasher));

    ASSERT_TRUE(index) << index.error().message;
    EXPECT_FALSE(index->in_file());
    EXPECT_LT(index->memory_bytes(), kMany * 9);
    expect_many(*index, hasher);
}

TEST(Index, SpillsWhatOutgrowsTheMemoryAndFindsTheSame) {
    const auto hasher = UidHasher::with_random_secret();
    const auto all = many(hasher);
    Builder builder(in_file(2));
    append_all(builder, 2, all);
    const auto index = builder.build();

    ASSERT_TRUE(index) << index.error().message;
    EXPECT_GT(builder.spilled_bytes(), kMany * sizeof(Entry) / 2);
    EXPECT_TRUE(index->in_file());
    EXPECT_LT(index->memory_bytes(), 4096);
    expect_many(*index, hasher);
    EXPECT_EQ(index->digest().value(), build_index(in_memory(1), all)->digest().value());
}

TEST(Index, KeepsAsManyTablesInMemoryAsFitAndTheOthersInAFile) {
    const auto hasher = UidHasher::with_random_secret();
    auto all = many(hasher);
    // Lists of duplicates are where their tables are.
    for (std::uint64_t i = 0; i < 1'000; ++i) all.push_back({all[i].hash, kMany + i});
    auto options = in_file(2);
    options.memory_bytes = std::uint64_t{7} << 19;
    const auto index = build_index(options, all);

    ASSERT_TRUE(index) << index.error().message;
    const auto in_memory_bytes = index->memory_bytes() - 2'000 * sizeof(std::uint64_t);
    EXPECT_GT(in_memory_bytes, kMany * 2);
    EXPECT_LT(in_memory_bytes, kMany * 7);
    EXPECT_GT(index->file_bytes(), kMany * 2);
    EXPECT_EQ(index->digest().value(), build_index(in_memory(), all)->digest().value());
    auto finder = Finder::create(*index);
    ASSERT_TRUE(finder);
    // Those in memory and those that are read, mixed; more than may be under way of either.
    std::vector<UidHash> hashes;
    for (std::uint64_t i = 1'000; i < 5'000; ++i) hashes.push_back(all[i].hash);
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        hashes.push_back(hasher("1.2.840.100." + std::to_string(i)));
    }
    std::vector<Match> found(hashes.size(), Match{.value = 7});
    ASSERT_TRUE(finder->find(hashes, found));
    std::uint64_t right = 0, none = 0;
    for (std::uint64_t i = 0; i < 4'000; ++i) {
        right += found[i].value == value_of_ordinal(1'000 + i);
    }
    for (std::uint64_t i = 4'000; i < 5'000; ++i) none += !found[i];
    EXPECT_EQ(right, 4'000);
    EXPECT_EQ(none, 1'000);
    for (std::uint64_t i = 0; i < 2'000; i += 7) {
        const auto matches = matches_of(*finder, all[i].hash);
        ASSERT_EQ(matches.size(), 1);
        if (i < 1'000) EXPECT_THAT(matches[0], ElementsAre(i, kMany + i));
        if (i >= 1'000) EXPECT_THAT(matches[0], ElementsAre(i));
    }
}

TEST(Index, UsesEachMatchAtItsPlaceWhereverTheTablesAre) {
    const auto hasher = UidHasher::with_random_secret();
    const auto all = many(hasher);
    std::vector<UidHash> hashes;
    for (std::size_t i = 0; i < 1'000; ++i) hashes.push_back(all[i * 100].hash);
    for (const auto& options : {in_memory(), in_file()}) {
        const auto index = build_index(options, all);
        ASSERT_TRUE(index);
        auto finder = Finder::create(*index);
        ASSERT_TRUE(finder);
        for (const std::size_t size : {0U, 1U, 31U, 32U, 33U, 1'000U}) {
            std::vector<Match> matches(size);
            std::size_t next = 0;
            const auto found =
                finder->find_each(std::span(hashes).first(size), matches,
                                  [&](std::size_t i, const Match& match) -> Result<void> {
                                      EXPECT_EQ(i, next++);
                                      EXPECT_EQ(match.value, matches[i].value);
                                      EXPECT_EQ(match.value, value_of_ordinal(i * 100));
                                      return {};
                                  });
            ASSERT_TRUE(found);
            EXPECT_EQ(next, size);
        }
        std::vector<Match> matches(hashes.size());
        const auto stopped =
            finder->find_each(hashes, matches, [](std::size_t i, const Match&) -> Result<void> {
                if (i < 500) return {};
                return fail(ErrorCode::Cancelled, "enough");
            });
        ASSERT_FALSE(stopped);
        EXPECT_EQ(stopped.error().code, ErrorCode::Cancelled);
    }
}

TEST(Index, HoldsAnOrdinalOf34Bits) {
    const auto hasher = UidHasher::with_random_secret();
    const std::vector<Appended> all{{hasher("1.2"), kRecordsMax - 1}, {hasher("1.3"), 1}};
    for (const auto& options : {in_memory(), in_file()}) {
        const auto index = build_index(options, all);
        ASSERT_TRUE(index);
        auto finder = Finder::create(*index);
        ASSERT_TRUE(finder);
        EXPECT_THAT(matches_of(*finder, hasher("1.2")),
                    ElementsAre(ElementsAre(kRecordsMax - 1)));
        EXPECT_THAT(matches_of(*finder, hasher("1.4")), IsEmpty());
    }
    Builder builder(in_memory());
    const auto beyond = builder.appender(0).append(hasher("1.2"), kRecordsMax);
    ASSERT_FALSE(beyond);
    EXPECT_EQ(beyond.error().code, ErrorCode::LimitExceeded);
}

/// Hashes whose fingerprints are equal though they differ: a table of few UIDs looks at the
/// first 26 bits or so of the order only.
TEST(Index, GivesEachSlotOfEqualFingerprintsAsAMatchOfItsOwn) {
    const UidHash a{.high = 0, .low = 0x10000000};
    const UidHash b{.high = 0, .low = 0x20000000};
    const UidHash other{.high = 0, .low = 0x30000000};
    const std::vector<Appended> all{{b, 2}, {a, 1}};
    for (const auto& options : {in_memory(), in_file()}) {
        const auto index = build_index(options, all);
        ASSERT_TRUE(index);
        auto finder = Finder::create(*index);
        ASSERT_TRUE(finder);

        for (const auto& hash : {a, b, other}) {
            EXPECT_THAT(matches_of(*finder, hash), ElementsAre(ElementsAre(1), ElementsAre(2)))
                << "only whoever compares the UIDs knows which";
        }
    }
}

TEST(Index, GoesOnOverTheEndOfAPage) {
    // Evenly spread ones, and 9 more whose fingerprints are equal to that of number 107.
    std::vector<Appended> all;
    for (std::uint64_t i = 0; i < 4096; ++i) all.push_back({{.high = 0, .low = i << 52U}, i});
    constexpr std::uint64_t kEqual = 107;
    for (std::uint64_t i = 1; i < 10; ++i)
        all.push_back({{.high = 0, .low = kEqual << 52U | i << 26U}, 10'000 + i});
    auto options = in_file();
    options.partition_bits = 0;
    const auto index = build_index(options, all);
    ASSERT_TRUE(index) << index.error().message;
    auto finder = Finder::create(*index);
    ASSERT_TRUE(finder);

    const UidHash hash = all.back().hash;
    Match first;
    ASSERT_TRUE(finder->find(std::span(&hash, 1), std::span(&first, 1)));
    const auto matches = matches_of(*finder, hash);
    ASSERT_EQ(matches.size(), 10);
    EXPECT_THAT(matches.front(), ElementsAre(kEqual));
    EXPECT_THAT(matches.back(), ElementsAre(10'009));
    EXPECT_NE(first.slot / kWordsPerPage, (first.slot + 9) / kWordsPerPage)
        << "what this test is about";
    EXPECT_THAT(matches_of(*finder, all[kEqual + 1].hash),
                ElementsAre(ElementsAre(kEqual + 1)));
}

TEST(Index, ListsDuplicatesLongerThanAPageInTheOrderOfTheRecords) {
    const auto hasher = UidHasher::with_random_secret();
    std::vector<Appended> all;
    for (std::uint64_t i = 0; i < 2'000; ++i) all.push_back({hasher("1.2.3"), 1'999 - i});
    std::vector<std::uint64_t> expected(2'000);
    for (std::uint64_t i = 0; i < expected.size(); ++i) expected[i] = i;
    for (const auto& options : {in_memory(2), in_file(2)}) {
        const auto index = build_index(options, all);
        ASSERT_TRUE(index);
        EXPECT_EQ(index->uid_count(), 1);
        auto finder = Finder::create(*index);
        ASSERT_TRUE(finder);
        EXPECT_THAT(matches_of(*finder, hasher("1.2.3")), ElementsAre(expected));
    }
}

TEST(Index, IsEmptyWhereNothingWasAppended) {
    for (const auto& options : {in_memory(), in_file()}) {
        const auto index = build_index(options, {});
        ASSERT_TRUE(index);
        auto finder = Finder::create(*index);
        ASSERT_TRUE(finder);
        EXPECT_THAT(matches_of(*finder, {.high = ~0ULL, .low = ~0ULL}), IsEmpty());
    }
}

TEST(Index, SaysWhereItCannotSpill) {
    const auto hasher = UidHasher::with_random_secret();
    auto options = in_file();
    options.spill_folder.clear();
    const auto index = build_index(options, std::vector<Appended>{{hasher("1.2"), 1}});
    ASSERT_FALSE(index);
    EXPECT_EQ(index.error().code, ErrorCode::LimitExceeded);
}

/// Changes one byte of a nameless file.
void damage(const std::filesystem::path& path, std::uint64_t offset) {
    const auto file = open_file(path, O_RDWR);
    ASSERT_TRUE(file);
    std::byte byte{};
    ASSERT_TRUE(read_at(*file, offset, std::span(&byte, 1)));
    byte ^= std::byte{0x10};
    ASSERT_TRUE(write_at(*file, offset, Bytes(&byte, 1)));
}

TEST(Index, RefusesASpillThatWasDamagedOrCut) {
    const auto hasher = UidHasher::with_random_secret();
    const auto all = many(hasher);
    for (const bool cut : {false, true}) {
        Builder builder(in_file());
        append_all(builder, 1, all);
        ASSERT_EQ(scratch_files().size(), 1);
        if (cut) {
            std::filesystem::resize_file(scratch_files()[0], 100'000);
        } else {
            damage(scratch_files()[0], 123'456);
        }
        const auto index = builder.build();
        ASSERT_FALSE(index);
        EXPECT_EQ(index.error().code, ErrorCode::Corrupt);
    }
}

TEST(Index, RefusesPagesThatWereDamagedSwappedOrCut) {
    const auto hasher = UidHasher::with_random_secret();
    const auto all = many(hasher);
    std::vector<UidHash> hashes;
    for (const Appended& one : all) hashes.push_back(one.hash);
    std::vector<Match> matches(hashes.size());
    for (const int how : {0, 1, 2}) {
        const auto index = build_index(in_file(), all);
        ASSERT_TRUE(index);
        ASSERT_EQ(scratch_files().size(), 1);
        const auto path = scratch_files()[0];
        if (how == 0) damage(path, 5 * kPageBytes + 17);
        if (how == 1) {
            const auto file = open_file(path, O_RDWR);
            Page first, second;
            ASSERT_TRUE(read_at(*file, 0, std::as_writable_bytes(std::span(first))));
            ASSERT_TRUE(read_at(*file, kPageBytes, std::as_writable_bytes(std::span(second))));
            ASSERT_TRUE(write_at(*file, 0, std::as_bytes(std::span(second))));
            ASSERT_TRUE(write_at(*file, kPageBytes, std::as_bytes(std::span(first))));
        }
        if (how == 2) std::filesystem::resize_file(path, 100 * kPageBytes);

        auto finder = Finder::create(*index);
        ASSERT_TRUE(finder);
        const auto found = finder->find(hashes, matches);
        ASSERT_FALSE(found) << how;
        EXPECT_EQ(found.error().code, ErrorCode::Corrupt);
        EXPECT_THAT(found.error().message, HasSubstr("UID index"));
        EXPECT_EQ(index->digest().error().code, ErrorCode::Corrupt);
    }
}

}  // namespace
}  // namespace larmor::reassembly::uid_index::testing

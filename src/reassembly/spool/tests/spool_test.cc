#include "reassembly/spool/spool.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <set>
#include <thread>

#include "base/hash.h"
#include "reassembly/spool/tests/test_spool.h"

namespace larmor::reassembly::spool::testing {
namespace {

using ::testing::HasSubstr;

TEST(Spool, GivesEveryRecordBackOneByOneAndManyAtOnce) {
    // Of nothing, some and all that is kept in memory.
    for (const std::uint64_t memory_bytes : {0ULL, 100'000ULL, 1ULL << 30U}) {
        const TemporaryPath path;
        const auto spool = Spool::create({.path = path, .memory_bytes = memory_bytes});
        ASSERT_TRUE(spool) << spool.error().message;
        Writer writer(**spool);
        const auto ordinals = write_records(writer, 0, 5'000);

        Reader reader(**spool);
        for (std::uint64_t i = 0; i < ordinals.size(); i += 7) {
            const auto record = reader.read(ordinals[i]);
            ASSERT_TRUE(record) << record.error().message;
            ASSERT_EQ(kept(*record), some_record(i));
        }
        std::set<std::size_t> visited;
        const auto read = reader.read_all(ordinals, [&](std::size_t i, const Record& record) {
            EXPECT_EQ(kept(record), some_record(i));
            visited.insert(i);
            return Result<void>{};
        });
        ASSERT_TRUE(read) << read.error().message;
        EXPECT_EQ(visited.size(), ordinals.size());
    }
}

TEST(Spool, TakesHalfAByteARecordToFindItAgain) {
    const TemporaryPath path;
    const auto spool = Spool::create({.path = path});
    Writer writer(**spool);
    write_records(writer, 0, 16'000);

    // The block in which the first 1,000 end is not full.
    EXPECT_EQ((*spool)->directory_bytes(), 8'008);
}

TEST(Spool, CompressesWhatRecordsHaveInCommonByItsDictionary) {
    const TemporaryPath path;
    const auto spool = Spool::create({.path = path});
    Writer writer(**spool);
    write_records(writer, 0, 20'000);
    std::uint64_t plain = 0;
    for (std::uint64_t i = 0; i < 20'000; ++i) plain += some_record(i).data_set.size();

    EXPECT_LT((*spool)->size_bytes(), plain / 5);
}

TEST(Spool, TakesRecordsFromSeveralThreads) {
    const TemporaryPath path;
    const auto spool = Spool::create({.path = path});
    constexpr std::uint64_t kEach = 3'000;
    std::array<std::vector<std::uint64_t>, 3> ordinals;
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < ordinals.size(); ++t) {
        threads.emplace_back([&, t] {
            Writer writer(**spool);
            ordinals[t] = write_records(writer, t * kEach, (t + 1) * kEach);
        });
    }
    for (auto& thread : threads) thread.join();

    Reader reader(**spool);
    std::set<std::uint64_t> different;
    for (std::uint64_t t = 0; t < ordinals.size(); ++t) {
        for (std::uint64_t i = 0; i < kEach; ++i) {
            const auto record = reader.read(ordinals[t][i]);
            ASSERT_TRUE(record) << record.error().message;
            ASSERT_EQ(kept(*record), some_record(t * kEach + i));
            different.insert(ordinals[t][i]);
        }
    }
    EXPECT_EQ(different.size(), ordinals.size() * kEach);
}

TEST(Spool, HoldsAnyBytesAndSizes) {
    const bool held = rc::check("what was appended is read", [] {
        const TemporaryPath path;
        const auto spool = Spool::create(
            {.path = path, .memory_bytes = *rc::gen::element<std::uint64_t>(0, 5'000)});
        Writer writer(**spool);
        std::map<std::uint64_t, Kept> all;
        const int count = *rc::gen::inRange(0, 200);
        for (int i = 0; i < count; ++i) {
            Kept one{*rc::gen::container<std::string>(*rc::gen::inRange(0, 64),
                                                      rc::gen::arbitrary<char>()),
                     7, ~0ULL, std::string(static_cast<std::size_t>(i) % 700, 'x')};
            const auto ordinal = writer.append(one.view());
            RC_ASSERT(ordinal.has_value());
            RC_ASSERT(all.emplace(*ordinal, std::move(one)).second);
        }
        RC_ASSERT(writer.flush().has_value());
        Reader reader(**spool);
        for (const auto& [ordinal, one] : all) {
            const auto record = reader.read(ordinal);
            RC_ASSERT(record.has_value());
            RC_ASSERT(kept(*record) == one);
        }
    });
    EXPECT_TRUE(held);
}

TEST(Spool, HoldsBlocksLargerThanItsDirectorySays) {
    const TemporaryPath path;
    const auto spool = Spool::create({.path = path});
    Writer writer(**spool);
    Kept large{"1.2.3", 1, 2, std::string(40 << 20, '\0')};
    std::uint64_t state = 1;
    for (char& c : large.data_set) {  // nothing that could be compressed
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        c = static_cast<char>(state >> 56U);
    }
    const auto first = writer.append(large.view());
    const auto second = writer.append(some_record(1).view());
    ASSERT_TRUE(first && second && writer.flush());

    Reader reader(**spool);
    EXPECT_EQ(kept(*reader.read(*first)), large);
    EXPECT_EQ(kept(*reader.read(*second)), some_record(1));
}

TEST(Spool, ReopensAtItsMarkAndGoesOnFromThere) {
    const TemporaryPath path;
    std::vector<std::uint64_t> ordinals;
    Mark mark;
    {
        const auto spool = Spool::create({.path = path});
        Writer writer(**spool);
        ordinals = write_records(writer, 0, 3'000);
        const auto synced = (*spool)->sync();
        ASSERT_TRUE(synced) << synced.error().message;
        mark = *synced;
        write_records(writer, 3'000, 4'000);  // behind the last checkpoint, so it is not there
    }
    std::map<std::uint64_t, Kept> visited;
    const auto spool = Spool::reopen({.path = path, .memory_bytes = 50'000}, mark,
                                     [&](std::uint64_t ordinal, const Record& record) {
                                         visited.emplace(ordinal, kept(record));
                                         return Result<void>{};
                                     });
    ASSERT_TRUE(spool) << spool.error().message;
    EXPECT_EQ(std::filesystem::file_size(path), mark.size_bytes);
    ASSERT_EQ(visited.size(), ordinals.size());
    for (std::uint64_t i = 0; i < ordinals.size(); ++i)
        ASSERT_EQ(visited.at(ordinals[i]), some_record(i));

    Writer writer(**spool);
    const auto more = write_records(writer, 5'000, 6'000);
    Reader reader(**spool);
    for (std::uint64_t i = 0; i < more.size(); ++i)
        ASSERT_EQ(kept(*reader.read(more[i])), some_record(5'000 + i));
    EXPECT_EQ(kept(*reader.read(ordinals[17])), some_record(17));
}

TEST(Spool, ReadsTheExampleOfItsFormat) {
    // docs/formats/spool.md
    constexpr std::string_view kExample =
        "4c524d5253504f4c0100100000000000f872433531db78acbe0337dcf6c935e3"
        "c53342c74c53424c01000000000000000000000025000000b269271025000000"
        "28b52ffd201ce1000002000000000200000000000005312e322e330800600043"
        "5302004354";
    const auto bytes = from_hex(kExample);
    ASSERT_TRUE(bytes);
    const TemporaryPath path;
    const auto file = open_file(path, O_WRONLY | O_CREAT);
    ASSERT_TRUE(file && write_all(*file, *bytes));

    const auto spool =
        Spool::reopen({.path = path}, {.size_bytes = 101, .block_count = 1}, nullptr);
    ASSERT_TRUE(spool) << spool.error().message;
    Reader reader(**spool);
    const auto record = reader.read(0);

    ASSERT_TRUE(record) << record.error().message;
    const Kept expected{"1.2.3", 2, 512, {"\x08\0\x60\0CS\x02\0CT", 10}};
    EXPECT_EQ(kept(*record), expected);
}

TEST(Spool, IsMadeOnceUnderAName) {
    const TemporaryPath path;
    const auto first = Spool::create({.path = path});
    ASSERT_TRUE(first);
    const auto second = Spool::create({.path = path});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
}

TEST(Spool, HasNoRecordThatNobodyAppended) {
    const TemporaryPath path;
    const auto spool = Spool::create({.path = path});
    Writer writer(**spool);
    write_records(writer, 0, 5);
    Reader reader(**spool);
    for (const std::uint64_t ordinal : {5ULL, 16ULL, ~0ULL}) {
        const auto none = reader.read(ordinal);
        ASSERT_FALSE(none);
        EXPECT_EQ(none.error().code, ErrorCode::Corrupt);
        EXPECT_THAT(none.error().message, HasSubstr(std::to_string(ordinal)));
    }
}

}  // namespace
}  // namespace larmor::reassembly::spool::testing

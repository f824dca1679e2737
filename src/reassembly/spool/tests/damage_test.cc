// A spool that lies or was torn is an error, never another record.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <random>

#include "reassembly/spool/tests/test_spool.h"

namespace larmor::reassembly::spool::testing {
namespace {

constexpr std::uint64_t kRecords = 200;

struct Made {
    std::unique_ptr<Spool> spool;
    std::vector<std::uint64_t> ordinals;
    Mark mark;
};
Made make(const std::filesystem::path& path) {
    auto spool = Spool::create({.path = path});
    EXPECT_TRUE(spool);
    Made made{.spool = std::move(*spool), .ordinals = {}, .mark = {}};
    Writer writer(*made.spool);
    made.ordinals = write_records(writer, 0, kRecords);
    made.mark = made.spool->sync().value();
    return made;
}

std::string content_of(const std::filesystem::path& path) {
    return read_file(path, 1 << 30).value();
}
void put(const std::filesystem::path& path, std::string_view content) {
    const auto file = open_file(path, O_WRONLY | O_TRUNC);
    ASSERT_TRUE(file && write_all(*file, as_bytes(content)));
}

/// How many records can be read; those that can be are the right ones.
std::uint64_t readable(const Made& made) {
    Reader reader(*made.spool);
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < made.ordinals.size(); ++i) {
        const auto record = reader.read(made.ordinals[i]);
        if (record) {
            EXPECT_EQ(kept(*record), some_record(i));
            ++count;
        } else {
            EXPECT_EQ(record.error().code, ErrorCode::Corrupt);
        }
    }
    return count;
}

TEST(DamagedSpool, GivesNoWrongRecordWhateverBitIsTurned) {
    const TemporaryPath path;
    const Made made = make(path);
    const std::string whole = content_of(path);
    ASSERT_EQ(readable(made), kRecords);

    std::mt19937_64 random(1);
    for (int round = 0; round < 300; ++round) {
        std::string damaged = whole;
        char& turned = damaged[random() % whole.size()];
        turned = static_cast<char>(static_cast<unsigned char>(turned) ^ 1U << random() % 8);
        put(path, damaged);

        // The dictionary in memory is the good one; of a block all is lost, of others nothing.
        EXPECT_GE(readable(made), kRecords - kRecordsPerBlock);
        const auto reopened = Spool::reopen({.path = path}, made.mark, nullptr);
        ASSERT_FALSE(reopened) << "round " << round;
        EXPECT_EQ(reopened.error().code, ErrorCode::Corrupt);
    }
}

TEST(DamagedSpool, IsRefusedWhereverItIsCut) {
    const TemporaryPath path;
    const Made made = make(path);
    const std::string whole = content_of(path);
    std::mt19937_64 random(2);
    for (int round = 0; round < 50; ++round) {
        const std::size_t size = random() % whole.size();
        put(path, std::string_view(whole).substr(0, size));

        EXPECT_LT(readable(made), kRecords);
        const auto reopened = Spool::reopen({.path = path}, made.mark, nullptr);
        ASSERT_FALSE(reopened) << "cut at " << size;
        EXPECT_EQ(reopened.error().code, ErrorCode::Corrupt);
    }
}

TEST(DamagedSpool, DoesNotTakeTheBlocksOfAnotherSpool) {
    const TemporaryPath path, other_path;
    const Made made = make(path);
    const Made other = make(other_path);
    ASSERT_EQ(content_of(path).size(), content_of(other_path).size())
        << "equal records make equal sizes";

    put(path, content_of(other_path));

    EXPECT_EQ(readable(made), 0);
}

TEST(DamagedSpool, SaysSoWhenManyAreReadAtOnce) {
    const TemporaryPath path;
    const Made made = make(path);
    std::string damaged = content_of(path);
    damaged.back() = damaged.back() == 'x' ? 'y' : 'x';
    put(path, damaged);

    Reader reader(*made.spool);
    const auto read = reader.read_all(made.ordinals, [](std::size_t i, const Record& record) {
        EXPECT_EQ(kept(record), some_record(i));
        return Result<void>{};
    });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::Corrupt);
}

TEST(DamagedSpool, KeepsNoMarkThatEndsInABlock) {
    const TemporaryPath path;
    Made made = make(path);
    made.mark.size_bytes -= 10;

    const auto reopened = Spool::reopen({.path = path}, made.mark, nullptr);

    ASSERT_FALSE(reopened);
    EXPECT_EQ(reopened.error().code, ErrorCode::Corrupt);
    EXPECT_GT(std::filesystem::file_size(path), made.mark.size_bytes) << "nothing was cut off";
}

}  // namespace
}  // namespace larmor::reassembly::spool::testing

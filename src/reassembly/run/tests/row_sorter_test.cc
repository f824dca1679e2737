#include "reassembly/run/row_sorter.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;

class SortedRows : public testing::Test {
protected:
    SortedRows() {
        auto name = (fs::temp_directory_path() / "larmor_rows_XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        folder_ = name;
    }
    ~SortedRows() override { fs::remove_all(folder_); }

    Result<RowSorter> open(std::uint64_t memory_bytes, const RowSorter::Saved* saved) {
        return RowSorter::open(
            {.path = folder_ / "rows", .memory_bytes = memory_bytes, .writers = 2}, saved);
    }
    static std::vector<std::string> merged(RowSorter& rows) {
        std::vector<std::string> all;
        const auto done = rows.merge([&](std::string_view row) -> Result<void> {
            all.emplace_back(row);
            return {};
        });
        EXPECT_TRUE(done) << done.error().message;
        return all;
    }

    fs::path folder_;
};

TEST_F(SortedRows, ComeInOrderWhateverFitsIntoMemory) {
    // Some 600 runs, of which 16 are merged at once.
    auto rows = open(2 << 10, nullptr);
    ASSERT_TRUE(rows) << rows.error().message;
    std::mt19937 random(1);
    std::vector<std::string> expected;
    for (unsigned i = 0; i < 10'000; ++i) {
        expected.push_back("1.2." + std::to_string(random()));
        ASSERT_TRUE(rows->add(i % 2, expected.back()));
    }
    std::ranges::sort(expected);

    EXPECT_EQ(merged(*rows), expected);
}

TEST_F(SortedRows, AreThoseOfTheCheckpointAndThoseAddedSince) {
    RowSorter::Saved saved;
    {
        auto rows = open(1 << 20, nullptr);
        ASSERT_TRUE(rows && rows->add(0, "b") && rows->add(1, "d"));
        saved = *rows->save();
        // Lost: behind the checkpoint, on the disk or not.
        ASSERT_TRUE(rows->add(0, "lost"));
        ASSERT_TRUE(rows->save());
    }
    auto rows = open(1 << 20, &saved);
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_TRUE(rows->add(1, "c") && rows->add(0, "a"));

    EXPECT_EQ(merged(*rows), (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST_F(SortedRows, AreNotGivenWhenTheirFileWasHarmed) {
    auto rows = open(1 << 20, nullptr);
    ASSERT_TRUE(rows);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(rows->add(0, "1.2.3." + std::to_string(i)));
    const auto saved = rows->save();
    ASSERT_TRUE(saved);
    const auto file = open_file(folder_ / "rows", O_RDWR);
    std::array<std::byte, 1> byte{};
    ASSERT_TRUE(read_at(*file, saved->end / 2, byte));
    byte[0] ^= std::byte{1};
    ASSERT_TRUE(write_at(*file, saved->end / 2, byte));

    const auto done = rows->merge([](std::string_view) { return Result<void>(); });

    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::Corrupt);
    ASSERT_TRUE(fs::exists(folder_ / "rows"));
    fs::resize_file(folder_ / "rows", saved->end - 1);
    EXPECT_EQ(open(1 << 20, &*saved).error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace larmor::reassembly::run

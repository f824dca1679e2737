#include "archive/sparse_file.h"

#include "archive/tests/archive_maker.h"
#include "archive/tests/tar_by_hand.h"

namespace larmor::archive {
namespace {

using Regions = std::vector<SparseRegion>;

/// Version 1.0 by hand: the records, then the map and the stored bytes as the member.
std::string sparse_1_0(std::uint64_t size, const std::string& map, const std::string& stored) {
    std::string records = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n";
    const auto add = [&](const std::string& text) {
        records += std::to_string(text.size() + 4) + ' ' + text + '\n';
    };
    add("GNU.sparse.name=sparse");
    add("GNU.sparse.realsize=" + std::to_string(size));
    const auto content = padded(map) + stored;
    char header_size[12], content_size[12];
    std::snprintf(header_size, sizeof header_size, "%011zo", records.size());
    std::snprintf(content_size, sizeof content_size, "%011zo", content.size());
    return header("x", header_size, 'x') + padded(records) +
           header("GNUSparseFile.0/s", content_size, '0') + padded(content) +
           header("last", "1", '0') + padded("z") + kEnd;
}

TEST(SparseFile, ComesWithItsHoles) {
    const std::string data(512, 'd');
    const auto contents = read_tar_bytes(sparse_1_0(1200, "1\n600\n512\n", data));

    EXPECT_EQ(contents.files,
              (Files{{"sparse", std::string(600, '\0') + data + std::string(88, '\0')},
                     {"last", "z"}}));
}

TEST(SparseFile, IsRefusedWhereItsMapLies) {
    const std::string data(1024, 'd');
    const std::map<std::string, std::string> lies{
        {"1\n0\n1025\n", "reaches beyond"},
        {"1\n18446744073709551615\n1024\n", "reaches beyond"},
        {"1\n1\n18446744073709551615\n", "reaches beyond"},
        {"2\n512\n512\n0\n512\n", "not in order"},
        {"2\n0\n512\n256\n512\n", "not in order"},
        {"1\n0\n512\n", "512 bytes, stored are 1024"},
        {"0\n", "0 bytes, stored are 1024"},
        {"2\n0\n500\n500\n524\n", "inside a block"},
        {"1\n0\n", "number that is none"},  // then zeros
        {"x\n", "number that is none"},
        {"99999999999999999999\n", "number that is none"},
        {"65537\n", "65537 regions"},
        {"111111111111111111111111", "number that is none"},
    };
    for (const auto& [map, said] : lies) {
        const auto contents = read_tar_bytes(sparse_1_0(1024, map, data));

        EXPECT_EQ(contents.files, (Files{{"last", "z"}})) << map;
        ASSERT_EQ(contents.unreadable.count("sparse"), 1U) << map;
        EXPECT_THAT(contents.unreadable.at("sparse"), testing::HasSubstr(said)) << map;
    }
}

TEST(SparseFile, IsRefusedWhereItsMapHasNoEnd) {
    const auto contents = read_tar_bytes(sparse_1_0(1024, std::string(512, '\n'), ""));
    EXPECT_EQ(contents.unreadable.count("sparse"), 1U);
    // 60,000 regions are said, of which the member has room for the first.
    const auto cut =
        read_tar_bytes(sparse_1_0(1024, "60000\n0\n1\n" + std::string(500, '1'), ""));
    EXPECT_EQ(cut.unreadable.count("sparse"), 1U);
    EXPECT_EQ(cut.files, (Files{{"last", "z"}}));
}

TEST(SparseFile, ThatIsMostlyHoleSpoilsNoOtherMember) {
    // 1 PiB of zeros out of 512 bytes.
    const std::string data(512, 'd');
    const auto contents = read_tar_bytes(sparse_1_0(1ULL << 50, "1\n0\n512\n", data));

    EXPECT_EQ(contents.files, (Files{{"last", "z"}}));
    EXPECT_THAT(contents.unreadable.at("sparse"), testing::HasSubstr("1100 times"));
}

TEST(SparseFile, OfPaxIsReadInTheVersionsThatAreKnown) {
    const auto old = read_pax_sparse({{"GNU.sparse.size", "10"},
                                      {"GNU.sparse.numblocks", "2"},
                                      {"GNU.sparse.map", "0,1,5,2"}});
    ASSERT_TRUE(old && *old);
    EXPECT_EQ((*old)->regions, (Regions{{0, 1}, {5, 2}}));
    EXPECT_EQ((*old)->size_bytes, 10U);
    EXPECT_FALSE(*read_pax_sparse({{"path", "x"}}));

    EXPECT_EQ(
        read_pax_sparse({{"GNU.sparse.major", "2"}, {"GNU.sparse.minor", "0"}}).error().code,
        ErrorCode::Unsupported);
    for (const std::string map : {"0", "0,1,", "0,1,2", "a,b", "0;1", "-1,2"}) {
        EXPECT_FALSE(read_pax_sparse({{"GNU.sparse.size", "10"}, {"GNU.sparse.map", map}}))
            << map;
    }
    EXPECT_FALSE(read_pax_sparse({{"GNU.sparse.map", "0,1"}}));
    EXPECT_FALSE(read_pax_sparse(
        {{"GNU.sparse.size", "10"}, {"GNU.sparse.numblocks", "3"}, {"GNU.sparse.map", "0,1"}}));
}

TEST(SparseFile, RunsFollowEachOther) {
    auto file = SparseFile::make({{0, 512}, {512, 512}, {2048, 100}, {3000, 0}}, 3000, 1124);
    ASSERT_TRUE(file);
    std::vector<std::pair<bool, std::uint64_t>> runs;
    for (auto run = file->next_run(); run.count > 0; run = file->next_run()) {
        runs.emplace_back(run.is_hole, run.count);
        file->advance(run.count);
    }
    EXPECT_EQ(runs, (std::vector<std::pair<bool, std::uint64_t>>{
                        {false, 512}, {false, 512}, {true, 1024}, {false, 100}, {true, 852}}));
}

}  // namespace
}  // namespace larmor::archive

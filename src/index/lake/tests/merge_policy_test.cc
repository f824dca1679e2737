#include "index/lake/merge_policy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace larmor::index::lake {
namespace {

DataFile file(const std::string& id, std::int64_t rows) {
    return {.table = Table::Instance, .month = "2004-01", .id = id, .rows = rows};
}

std::set<std::string> ids(const std::vector<DataFile>& files) {
    std::set<std::string> all;
    for (const auto& one : files) all.insert(one.id);
    return all;
}

TEST(FilesToMerge, TakesWhatLosesARowAndSmallOnesBesideIt) {
    const std::vector files = {file("a", 1000), file("b", 90), file("c", 7)};
    EXPECT_EQ(ids(files_to_merge(files, {}, 10, 1'000'000)), std::set<std::string>{"c"});
    EXPECT_EQ(ids(files_to_merge(files, {"a"}, 1, 1'000'000)),
              (std::set<std::string>{"a", "b", "c"}));
    EXPECT_EQ(ids(files_to_merge(files, {}, 600, 650)), std::set<std::string>{"c"});
}

TEST(FilesToMerge, KeepsFewFilesAndCopiesEachRowFewTimes) {
    constexpr std::int64_t kRowsMax = 100'000;
    std::minstd_rand random(7);
    std::vector<DataFile> files;
    std::int64_t rows = 0;
    std::int64_t copied = 0;
    for (int commit = 0; commit < 5'000; ++commit) {
        const std::int64_t added = 1 + random() % 200;
        std::set<std::string> touched;
        // Every tenth commit changes a row of some file, too.
        if (commit % 10 == 9) touched.insert(files[random() % files.size()].id);
        const auto merged = files_to_merge(files, touched, added, kRowsMax);
        std::int64_t sum = added;
        for (const auto& one : merged) sum += one.rows;
        copied += sum - added;
        std::erase_if(files,
                      [gone = ids(merged)](const auto& one) { return gone.contains(one.id); });
        files.push_back(file(std::to_string(commit), sum));
        rows += added;

        const double bound =
            std::log2(kRowsMax) + 2.0 * static_cast<double>(rows) / kRowsMax + 1;
        ASSERT_LE(static_cast<double>(files.size()), bound) << "after commit " << commit;
    }
    EXPECT_EQ(std::accumulate(files.begin(), files.end(), std::int64_t{0},
                              [](std::int64_t sum, const auto& one) { return sum + one.rows; }),
              rows);
    EXPECT_LT(copied, rows * 60);
}

}  // namespace
}  // namespace larmor::index::lake

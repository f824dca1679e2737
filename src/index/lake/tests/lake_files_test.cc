// What the files of a lake are after many commits, and what becomes of those of no use.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "index/lake/tests/lake_fixture.h"

namespace larmor::index::lake {
namespace {

using LakeFiles = LakeTest;
namespace fs = std::filesystem;
using ::testing::ElementsAre;

TEST_F(LakeFiles, EndsEqualWhateverTheBatches) {
    for (const auto& given : history()) apply(given);
    const auto expected = everything();
    ASSERT_EQ(expected.size(), 1U + 1U + 2U + 3U + 3U);

    for (unsigned seed = 1; seed <= 2; ++seed) {
        std::minstd_rand random(seed);
        auto delivered = history();
        const auto again = history();
        delivered.insert(delivered.end(), again.begin(), again.begin() + seed % 6);
        std::shuffle(delivered.begin(), delivered.end(), random);
        fs::remove_all(folder_ / "lake");
        target_ = open();
        for (auto at = delivered.begin(); at != delivered.end();) {
            const auto left = static_cast<std::size_t>(delivered.end() - at);
            const auto count = static_cast<std::ptrdiff_t>(1 + random() % left);
            apply_all({at, at + count});
            at += count;
        }
        EXPECT_EQ(everything(), expected) << "seed " << seed;
    }
}

TEST_F(LakeFiles, KeepsFewFilesInAPartitionHoweverManyCommitsThereWere) {
    for (int i = 0; i < 16; ++i) {
        const std::string n = std::to_string(i);
        apply({.id = n + std::string(30, 'x'),
               .sequence = i,
               .study = "1.2." + n,
               .series = "1.2.1." + n,
               .instances = {"1.2.1.1." + n}});
    }
    std::map<Table, int> files;
    for (const auto& file : manifest().files) ++files[file.table];
    for (const auto& [table, count] : files) EXPECT_LE(count, 4) << name_of(table);
    EXPECT_THAT(rows("SELECT COUNT(*) FROM instance"), ElementsAre("16"));
    EXPECT_THAT(rows("SELECT NumberOfPatientRelatedStudies FROM patient"), ElementsAre("16"));
}

TEST_F(LakeFiles, RemovesFilesOfNoUseAfterTheGracePeriodAndNoOthers) {
    auto options = this->options();
    options.clock = &clock_;
    options.grace = std::chrono::seconds(1);
    target_ = must_be(open_lake(options));
    std::ofstream(folder_ / "lake" / "left-alone.txt") << "somebody else's";
    for (const auto& given : history()) apply(given);
    const auto expected = everything();

    const auto count = [&] {
        std::size_t files = 0;
        for (const auto& entry : fs::recursive_directory_iterator(folder_ / "lake")) {
            files += entry.is_regular_file() ? 1 : 0;
        }
        return files;
    };
    // Files, the newest manifest, its two copies, the lock, and what is somebody else's.
    const auto wanted = manifest().files.size() + 5;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (count() > wanted && std::chrono::steady_clock::now() < deadline) {
        clock_.advance(std::chrono::seconds(1));
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(count(), wanted);
    EXPECT_EQ(everything(), expected);
}

/// tests/end_to_end/lake_test.py reads what this leaves behind with another reader.
TEST_F(LakeFiles, HaveRowGroupsThatAScanSkipsByTheirStatistics) {
    std::vector<Given> all;
    for (int i = 0; i < 3; ++i) {
        const std::string study = "1.2." + std::to_string(i);
        Given given{.id = std::to_string(i) + std::string(31, 'x'),
                    .sequence = i + 1,
                    .patient_id = "P" + std::to_string(i),
                    .study = study,
                    .series = study + ".1",
                    .instances = {}};
        for (int n = 0; n < 45'000; ++n) {
            given.instances.push_back(study + ".1." + std::to_string(n));
        }
        all.push_back(std::move(given));
    }
    apply_all(all);

    std::vector<DataFile> files;
    for (const auto& file : manifest().files) {
        if (file.table == Table::Instance) files.push_back(file);
    }
    ASSERT_EQ(files.size(), 1U);
    EXPECT_THAT(rows("SELECT row_group_num_rows, stats_min_value, stats_max_value FROM"
                     " parquet_metadata('" +
                     (folder_ / "lake" / path_of(files[0])).string() +
                     "') WHERE path_in_schema = 'StudyInstanceUID' ORDER BY row_group_id"),
                ElementsAre("122880 1.2.0 1.2.2", "12120 1.2.2 1.2.2"));
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets the environment.
    if (const char* const place = std::getenv("LARMOR_LAKE_LEFT_IN")) {
        fs::rename(folder_ / "lake", place);
    }
}

}  // namespace
}  // namespace larmor::index::lake

#include "index/lake/sweep.h"

#include <gmock/gmock.h>

#include "index/lake/tests/lake_fixture.h"

namespace larmor::index::lake {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class LakeSweep : public LakeTest {
protected:
    /// As somebody has the lake who opened it then.
    std::vector<std::string> instances_of(const Manifest& then) const {
        must_be(reader_->run(views_of(then, (folder_ / "lake").string() + "/")));
        std::vector<std::string> uids;
        for (const auto& row :
             must_be(reader_->rows("SELECT SOPInstanceUID FROM instance ORDER BY ALL"))) {
            uids.push_back(row[0].value());
        }
        return uids;
    }
    std::size_t missing(const Manifest& of) const {
        return static_cast<std::size_t>(std::ranges::count_if(of.files, [&](const auto& file) {
            return !fs::exists(folder_ / "lake" / path_of(file));
        }));
    }
};

TEST_F(LakeSweep, LeavesTheFilesOfAnOldManifestToItsReadersForTheGracePeriod) {
    const auto all = history();
    apply_all({all.begin(), all.begin() + 2});
    const auto old = manifest();
    const auto then = instances_of(old);
    apply_all({all.begin() + 2, all.end()});
    const auto now = everything();

    const auto store = must_be(open_folder(folder_ / "lake"));
    Sweep sweep(*store, 15min, clock_);
    EXPECT_EQ(must_be(sweep.run()), 0U) << "seen for the first time";
    clock_.advance(14min);
    EXPECT_EQ(must_be(sweep.run()), 0U);
    EXPECT_EQ(missing(old), 0U);
    EXPECT_EQ(instances_of(old), then);

    clock_.advance(1min);
    EXPECT_GT(must_be(sweep.run()), 0U);
    EXPECT_GT(missing(old), 0U);
    EXPECT_EQ(missing(manifest()), 0U);
    EXPECT_EQ(everything(), now);
}

TEST_F(LakeSweep, RemovesWhatAKilledWriterHadNotNamedYetWithItsFolders) {
    apply({});
    const auto temporary = folder_ / "lake" / "_larmor" / "tmp";
    const auto left = temporary / "killed" / "files" / "to_file=00c0ffee00c0ffee";
    fs::create_directories(left);
    const auto store = must_be(open_folder(folder_ / "lake"));
    must_be(
        store->put("_larmor/tmp/killed/files/to_file=00c0ffee00c0ffee/data_0.parquet", "x"));
    Sweep sweep(*store, 15min, clock_);
    must_be(sweep.run());
    clock_.advance(15min);
    must_be(sweep.run());
    EXPECT_TRUE(fs::is_empty(temporary));
}

TEST_F(LakeSweep, LeavesAloneWhatIsOfUseAgain) {
    apply({});
    const auto store = must_be(open_folder(folder_ / "lake"));
    Sweep sweep(*store, 15min, clock_);
    // Written, and not in a manifest yet.
    const DataFile file{
        .table = Table::Study, .month = "2004-01", .id = new_file_id(), .rows = 1};
    must_be(store->put(path_of(file), "bytes"));
    must_be(sweep.run());
    clock_.advance(14min);
    auto next = manifest();
    ++next.number;
    next.files.push_back(file);
    must_be(store->put_new(manifest_name(next.number), to_json(next)));
    must_be(sweep.run());
    clock_.advance(14min);
    must_be(sweep.run());
    EXPECT_TRUE(fs::exists(folder_ / "lake" / path_of(file)));
}

}  // namespace
}  // namespace larmor::index::lake

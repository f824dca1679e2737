#include "index/lake/lake_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "base/clock.h"
#include "base/file.h"
#include "base/ids.h"
#include "duckdb/engine.h"
#include "index/lake/manifest.h"
#include "index/lake/tests/given.h"

namespace larmor::index::lake {
namespace {

using duckdb::Engine;

namespace fs = std::filesystem;
using ::testing::ElementsAre;

}  // namespace

class LakeTargetTest : public ::testing::Test {
protected:
    void SetUp() override {
        const auto checked = Engine::check();
        if (!checked) GTEST_SKIP() << checked.error().message;
        folder_ = fs::temp_directory_path() / ("larmor-lake-" + random_id());
        target_ = open();
        fs::create_directories(folder_ / "reader");
        reader_ = must_be(Engine::open({.scratch = folder_ / "reader"}));
    }
    void TearDown() override {
        target_.reset();
        reader_.reset();
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    LakeOptions options() const {
        return {.place = "file://" + (folder_ / "lake").string() + "/",
                .scratch = folder_ / "scratch"};
    }
    std::unique_ptr<Target> open() const { return must_be(open_lake(options())); }

    Target::Applied apply(const Given& given) const {
        return must_be(target_->apply(document(given)));
    }
    std::vector<Target::Applied> apply_all(const std::vector<Given>& all) const {
        std::vector<ImageSetDocument> documents;
        for (const auto& given : all) documents.push_back(document(given));
        std::vector<Target::Applied> applied;
        for (auto& outcome : target_->apply_batch(documents)) {
            applied.push_back(must_be(std::move(outcome)));
        }
        return applied;
    }

    /// As somebody reads it who has lake.sql: all rows as text.
    std::vector<std::string> rows(const std::string& sql) const {
        must_be(reader_->run(must_be(read_file(folder_ / "lake" / kPublicViews, 1 << 20))));
        std::vector<std::string> lines;
        for (const auto& row : must_be(reader_->rows(sql))) {
            std::string line;
            for (const auto& value : row) {
                if (!line.empty()) line += ' ';
                line += value.value_or("NULL");
            }
            lines.push_back(line);
        }
        return lines;
    }

    std::vector<std::string> everything() const {
        std::vector<std::string> all;
        for (const char* sql :
             {"SELECT * EXCLUDE (larmor_epoch, larmor_sequence) FROM patient ORDER BY ALL",
              "SELECT * EXCLUDE (larmor_epoch, larmor_sequence) FROM study ORDER BY ALL",
              "SELECT * EXCLUDE (larmor_epoch, larmor_sequence) FROM series ORDER BY ALL",
              "SELECT * FROM instance ORDER BY ALL",
              "SELECT * EXCLUDE (larmor_sequence, study_month) FROM image_set ORDER BY ALL"}) {
            for (auto& line : rows(sql)) all.push_back(std::move(line));
        }
        return all;
    }

    Manifest manifest() const {
        return must_be(
            parse_manifest(must_be(read_file(folder_ / "lake" / kPublicManifest, 1 << 20))));
    }

    ManualClock clock_{Time{}};
    fs::path folder_;
    std::unique_ptr<Target> target_;
    std::unique_ptr<Engine> reader_;
};

TEST_F(LakeTargetTest, WritesEveryLevelWithItsTypesAndCounts) {
    EXPECT_EQ(apply({}), Target::Applied::Written);

    EXPECT_THAT(rows("SELECT PatientID, PatientName, StudyInstanceUID, StudyDate, StudyTime,"
                     " ModalitiesInStudy, NumberOfStudyRelatedSeries,"
                     " NumberOfStudyRelatedInstances, NumberOfPatientRelatedInstances,"
                     " study.study_month FROM study JOIN patient USING (patient_key)"),
                ElementsAre("P1 MISTER^CT 1.2.1 2004-01-19 07:27:30.5 CT 1 2 2 2004-01"));
    EXPECT_THAT(rows("SELECT SOPInstanceUID, SeriesInstanceUID, StudyInstanceUID, image_set_id,"
                     " InstanceNumber, WindowCenter, SliceLocation FROM instance ORDER BY 1"),
                ElementsAre("1.2.1.1.1 1.2.1.1 1.2.1 " + std::string(32, 'a') +
                                " 1 00040.0000000000\\0400 -77.2040634155",
                            "1.2.1.1.2 1.2.1.1 1.2.1 " + std::string(32, 'a') +
                                " 2 00040.0000000000\\0400 -77.2040634155"));
    EXPECT_THAT(rows("SELECT Modality, NumberOfSeriesRelatedInstances FROM series"),
                ElementsAre("CT 2"));
}

TEST_F(LakeTargetTest, NeverPutsAnOlderVersionOverANewer) {
    apply({.version = 2, .sequence = 2, .patient_name = "ANON^ANON", .instances = {"1.9"}});

    EXPECT_EQ(apply({.version = 1, .sequence = 1}), Target::Applied::Older);

    EXPECT_THAT(rows("SELECT PatientName FROM patient"), ElementsAre("ANON^ANON"));
    EXPECT_THAT(rows("SELECT SOPInstanceUID FROM instance"), ElementsAre("1.9"));
}

TEST_F(LakeTargetTest, BeginsAnewAfterARestoreFromABackup) {
    apply({.version = 7, .sequence = 70, .patient_name = "LOST^LATER"});

    EXPECT_EQ(apply({.version = 3, .sequence = 30, .epoch = 2, .patient_name = "AS^BACKED^UP"}),
              Target::Applied::Written);

    EXPECT_THAT(rows("SELECT PatientName FROM patient"), ElementsAre("AS^BACKED^UP"));
}

TEST_F(LakeTargetTest, RemovesWhatIsDeletedAndWhatItWasTheLastOf) {
    const Given other{.id = std::string(32, 'b'),
                      .sequence = 2,
                      .series = "1.2.1.2",
                      .instances = {"1.2.1.2.1"}};
    apply_all({{}, other});

    apply({.version = 2, .sequence = 3, .is_deleted = true, .series = "", .instances = {}});
    EXPECT_THAT(rows("SELECT SeriesInstanceUID, NumberOfStudyRelatedSeries,"
                     " NumberOfStudyRelatedInstances FROM series JOIN study"
                     " USING (StudyInstanceUID)"),
                ElementsAre("1.2.1.2 1 1"));
    EXPECT_THAT(rows("SELECT SOPInstanceUID FROM instance"), ElementsAre("1.2.1.2.1"));

    apply({.id = other.id,
           .version = 2,
           .sequence = 4,
           .is_deleted = true,
           .study = "",
           .series = "",
           .instances = {}});
    EXPECT_EQ(apply(other), Target::Applied::Older);
    for (const char* table : {"patient", "study", "series", "instance"}) {
        EXPECT_THAT(rows(std::string("SELECT * FROM ") + table), ElementsAre()) << table;
    }
    EXPECT_THAT(rows("SELECT version, is_deleted FROM image_set"),
                ElementsAre("2 true", "2 true"));
}

TEST_F(LakeTargetTest, CountsConflictsNotAndLeavesTheirInstancesOut) {
    apply_all({{},
               {.id = std::string(32, 'c'),
                .sequence = 2,
                .is_primary = false,
                .instances = {"1.2.1.1.1"}}});

    EXPECT_THAT(rows("SELECT COUNT(*) FROM instance"), ElementsAre("2"));
    EXPECT_THAT(rows("SELECT NumberOfSeriesRelatedInstances FROM series"), ElementsAre("2"));
    EXPECT_THAT(rows("SELECT is_primary FROM image_set ORDER BY image_set_id"),
                ElementsAre("true", "false"));
}

TEST_F(LakeTargetTest, MovesAStudyToTheRightPatient) {
    apply({});
    apply({.version = 2, .sequence = 2, .patient_id = "P2"});
    EXPECT_THAT(rows("SELECT PatientID FROM patient"), ElementsAre("P2"));

    EXPECT_EQ(apply({.id = std::string(32, 'b'),
                     .sequence = 1,
                     .patient_id = "P1",
                     .series = "1.2.1.2",
                     .instances = {"1.2.1.2.1"}}),
              Target::Applied::Written);
    EXPECT_THAT(rows("SELECT PatientID, NumberOfPatientRelatedInstances FROM patient"),
                ElementsAre("P2 3"));
}

TEST_F(LakeTargetTest, KeepsPatientsWithoutAnIdApart) {
    apply_all({{.patient_id = "", .patient_name = "UNKNOWN^ONE"},
               {.id = std::string(32, 'b'),
                .patient_id = "",
                .patient_name = "UNKNOWN^TWO",
                .study = "1.2.2",
                .series = "1.2.2.1",
                .instances = {"1.2.2.1.1"}}});
    EXPECT_THAT(rows("SELECT PatientID, PatientName FROM patient ORDER BY 2"),
                ElementsAre("NULL UNKNOWN^ONE", "NULL UNKNOWN^TWO"));
}

TEST_F(LakeTargetTest, MovesEveryRowOfAStudyThatGetsAnotherDate) {
    const Given other{.id = std::string(32, 'b'),
                      .sequence = 2,
                      .series = "1.2.1.2",
                      .instances = {"1.2.1.2.1"}};
    apply_all({{}, other});
    apply({.version = 2, .sequence = 3, .date = "19991231"});

    for (const char* table : {"patient", "study", "series", "instance", "image_set"}) {
        EXPECT_THAT(rows(std::string("SELECT DISTINCT study_month FROM ") + table),
                    ElementsAre("1999-12"))
            << table;
    }
    EXPECT_THAT(rows("SELECT COUNT(*) FROM instance"), ElementsAre("3"));
    for (const auto& file : manifest().files) EXPECT_EQ(file.month, "1999-12");
}

TEST_F(LakeTargetTest, PutsDatesThatAreNoneIntoOnePartition) {
    const std::vector<std::string> dates = {"20230230",  "00010101",   "99991231",
                                            "yesterday", "2003.02.01", "2003021"};
    std::vector<Given> all;
    for (std::size_t i = 0; i < dates.size(); ++i) {
        const std::string n = std::to_string(i);
        all.push_back({.id = n + std::string(31, 'x'),
                       .study = "1.2." + n,
                       .date = dates[i],
                       .series = "1.2.1." + n,
                       .instances = {"1.2.1.1." + n}});
    }
    apply_all(all);
    EXPECT_THAT(rows("SELECT study_month, StudyDate FROM study ORDER BY StudyInstanceUID"),
                ElementsAre("other NULL", "other 0001-01-01", "other 9999-12-31", "other NULL",
                            "2003-02 2003-02-01", "other NULL"));
}

TEST_F(LakeTargetTest, TakesTextThatLooksLikeSqlAsTextAndRefusesOnlyWhatIsNoText) {
    const std::string name = "O'Neil\\^x'); DROP TABLE patient; --";
    std::vector<ImageSetDocument> documents = {document({.patient_name = name}),
                                               document({.id = std::string(32, 'b')})};
    documents[1].instances[0].values[0] = "\xff\xfe";
    const auto outcomes = target_->apply_batch(documents);

    EXPECT_TRUE(outcomes[0]);
    ASSERT_FALSE(outcomes[1]);
    EXPECT_EQ(outcomes[1].error().code, ErrorCode::InvalidInput);
    EXPECT_THAT(rows("SELECT PatientName FROM patient"), ElementsAre(name));
}

/// Three image sets of two studies of one patient, as they were at each change.
std::vector<Given> history() {
    const std::string a(32, 'a');
    const std::string b(32, 'b');
    const std::string c(32, 'c');
    const Given second{.id = b, .sequence = 2, .series = "1.2.1.2", .instances = {"1.2.1.2.1"}};
    const Given third{.id = c,
                      .sequence = 4,
                      .study = "1.2.2",
                      .date = "20050101",
                      .series = "1.2.2.1",
                      .instances = {"1.2.2.1.1"}};
    return {{.id = a},
            second,
            {.id = a, .version = 2, .sequence = 3, .instances = {"1.2.1.1.1"}},
            third,
            {.id = b,
             .version = 2,
             .sequence = 5,
             .patient_name = "NEW^NAME",
             .date = "20040301",
             .series = "1.2.1.2",
             .instances = {"1.2.1.2.1", "1.2.1.1.2"}},
            {.id = c,
             .version = 2,
             .sequence = 6,
             .is_deleted = true,
             .patient_name = "NEW^NAME",
             .study = "",
             .series = "",
             .instances = {}}};
}

TEST_F(LakeTargetTest, EndsEqualWhateverTheBatches) {
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

TEST_F(LakeTargetTest, GoesOnWhereAnotherProcessWas) {
    apply(history()[0]);
    const auto other = open();
    must_be(other->apply(document(history()[1])));
    EXPECT_EQ(apply(history()[2]), Target::Applied::Written);
    must_be(other->wanted());
    EXPECT_EQ(must_be(other->apply(document(history()[0]))), Target::Applied::Older);
    EXPECT_TRUE(must_be(other->has_applied(std::string(32, 'd'), std::string(32, 'a'), 2)));
    EXPECT_FALSE(must_be(other->has_applied(std::string(32, 'd'), std::string(32, 'a'), 3)));
    EXPECT_THAT(rows("SELECT SOPInstanceUID FROM instance ORDER BY 1"),
                ElementsAre("1.2.1.1.1", "1.2.1.2.1"));
}

TEST_F(LakeTargetTest, KeepsFewFilesInAPartitionHoweverManyCommitsThereWere) {
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

TEST_F(LakeTargetTest, RemovesFilesOfNoUseAfterTheGracePeriodAndNoOthers) {
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

/// A store of a process that is killed behind its n-th call: nothing takes place afterwards.
class KilledStore final : public Store {
public:
    KilledStore(const fs::path& folder, int calls)
        : store_(must_be(open_folder(folder))), calls_(calls) {}

    Result<fs::path> readable(const std::string& name) override {
        return call([&] { return store_->readable(name); });
    }
    Result<fs::path> writable(const std::string& name) override {
        return call([&] { return store_->writable(name); });
    }
    Result<std::vector<std::int64_t>> keep(const std::vector<std::string>& names) override {
        return call([&] { return store_->keep(names); });
    }
    Result<std::string> get(const std::string& name) override {
        return call([&] { return store_->get(name); });
    }
    Result<void> put_new(const std::string& name, std::string_view text) override {
        return call([&] { return store_->put_new(name, text); });
    }
    Result<void> put(const std::string& name, std::string_view text) override {
        return call([&] { return store_->put(name, text); });
    }
    Result<std::vector<std::string>> list(const std::string& prefix) override {
        return call([&] { return store_->list(prefix); });
    }
    Result<void> remove(const std::vector<std::string>& names) override {
        return call([&] { return store_->remove(names); });
    }
    Result<void> probe() override {
        return call([&] { return store_->probe(); });
    }
    void forget_copies() override {}
    Result<UniqueFd> lock() override { return UniqueFd(); }  // as in S3
    std::string root() const override { return store_->root(); }

private:
    template <typename F>
    auto call(F f) -> std::invoke_result_t<F&> {
        if (calls_-- > 0) return f();
        return fail(ErrorCode::Unavailable, "killed");
    }

    const std::unique_ptr<Store> store_;
    std::atomic<int> calls_;
};

TEST_F(LakeTargetTest, LosesNothingWhenItIsKilledBetweenAnyTwoSteps) {
    const auto all = history();
    apply_all({all.begin(), all.begin() + 3});
    const auto before = everything();
    apply_all({all.begin() + 3, all.end()});
    const auto after = everything();
    ASSERT_NE(before, after);

    fs::remove_all(folder_ / "lake");
    target_ = open();
    apply_all({all.begin(), all.begin() + 3});
    target_.reset();
    fs::rename(folder_ / "lake", folder_ / "prepared");

    std::vector<ImageSetDocument> documents;
    for (auto at = all.begin() + 3; at != all.end(); ++at) documents.push_back(document(*at));
    int interrupted = 0;
    for (bool whole = false; !whole;) {
        fs::remove_all(folder_ / "lake");
        fs::copy(folder_ / "prepared", folder_ / "lake", fs::copy_options::recursive);
        auto killed = must_be(open_lake_on(
            std::make_unique<KilledStore>(folder_ / "lake", interrupted), options()));
        whole = killed->apply_batch(documents).front().has_value();
        killed.reset();

        // A reader sees what was before or what is after, never something between; what was
        // acknowledged is there.
        const auto seen = everything();
        EXPECT_TRUE(seen == after || (!whole && seen == before)) << "call " << interrupted;
        // Its messages come again.
        target_ = open();
        for (auto& outcome : target_->apply_batch(documents)) must_be(std::move(outcome));
        EXPECT_EQ(everything(), after) << "call " << interrupted;
        ASSERT_LT(++interrupted, 200);
    }
    EXPECT_GT(interrupted, 20);
}

TEST_F(LakeTargetTest, CountsRightWhenManyProcessesWriteAtOnce) {
    constexpr int kSets = 12;
    std::vector<std::thread> threads;
    std::atomic<int> next = 0;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            // Without a lock, as in S3: whoever is second finds it out.
            const auto target = must_be(open_lake_on(
                std::make_unique<KilledStore>(folder_ / "lake", 1'000'000), options()));
            for (int n = next++; n < kSets; n = next++) {
                const std::string uid = "1.2." + std::to_string(n % 3);
                const auto given =
                    document({.id = std::to_string(n) + std::string(30, 'x'),
                              .sequence = n + 1,
                              .study = uid,
                              .series = uid + "." + std::to_string(n),
                              .instances = {uid + "." + std::to_string(n) + ".1"}});
                // As a worker does: what is in the way of others comes again.
                for (;;) {
                    const auto applied = target->apply(given);
                    if (applied) break;
                    ASSERT_EQ(applied.error().code, ErrorCode::Conflict)
                        << applied.error().message;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();

    EXPECT_THAT(rows("SELECT NumberOfStudyRelatedSeries, NumberOfStudyRelatedInstances"
                     " FROM study"),
                ElementsAre("4 4", "4 4", "4 4"));
    EXPECT_THAT(rows("SELECT COUNT(DISTINCT SOPInstanceUID), COUNT(*) FROM instance"),
                ElementsAre("12 12"));
}

TEST(LakeManifest, SaysOnlyWhatAManifestMaySay) {
    const Manifest manifest{.number = 7,
                            .files = {{.table = Table::Instance,
                                       .month = "2004-01",
                                       .id = "00c0ffee00c0ffee",
                                       .rows = 12,
                                       .bytes = 3456}}};
    const auto read = parse_manifest(to_json(manifest));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, manifest);
    for (
        const char* json :
        {"", "{}", R"({"format":1,"number":-1,"files":[]})",
         R"({"format":1,"number":1,"files":[{"path":"x","rows":1,"bytes":1}]})",
         R"({"format":1,"number":1,"files":[{"path":"study/study_month=../../etc/00c0ffee00c0ffee.parquet","rows":1,"bytes":1}]})",
         R"({"format":1,"number":1,"files":[{"path":"study/study_month=2004-01/x'] .parquet","rows":1,"bytes":1}]})"}) {
        const auto refused = parse_manifest(json);
        ASSERT_FALSE(refused) << json;
        EXPECT_EQ(refused.error().code, ErrorCode::Corrupt);
    }
    const auto newer = parse_manifest(R"({"format":2,"number":1,"files":[]})");
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().code, ErrorCode::Unsupported);
}

}  // namespace larmor::index::lake

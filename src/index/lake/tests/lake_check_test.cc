// Rows are altered, dropped and doubled in the Parquet files of a lake, by DuckDB, as a hand
// would do it: a check names each, and a repair mends it.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "index/lake/tests/lake_fixture.h"

namespace larmor::index::lake {
namespace {

using duckdb::quoted_text;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kStudy = "1.2.1";

/// What is done to the rows of each file of a table, and what a check has to say of it.
struct Damage {
    Table table;
    std::string select;  ///< of `rows`
    Drift drift;
};

Drift missing(std::string table) {
    return {.study_instance_uid = kStudy, .table = std::move(table), .missing = 1};
}
Drift extra(std::string table) {
    return {.study_instance_uid = kStudy, .table = std::move(table), .extra = 1};
}
Drift different(std::string table) {
    return {.study_instance_uid = kStudy, .table = std::move(table), .different = 1};
}
Drift rest(std::string table) {
    return {.study_instance_uid = "", .table = std::move(table), .extra = 1};
}

std::string alter(const std::string& column, const std::string& value,
                  const std::string& where) {
    return "SELECT * REPLACE (CASE WHEN " + where + " THEN " + value + " ELSE " + column +
           " END AS " + column + ") FROM rows";
}
std::string drop(const std::string& where) {
    return "SELECT * FROM rows WHERE NOT coalesce(" + where + ", false)";
}
std::string twice(const std::string& where) {
    return "SELECT * FROM rows UNION ALL SELECT * FROM rows WHERE " + where;
}
std::string with_other(const std::string& column, const std::string& value,
                       const std::string& where) {
    return "SELECT * FROM rows UNION ALL SELECT * REPLACE (" + value + " AS " + column +
           ") FROM rows WHERE " + where;
}

const std::vector<Damage>& damages() {
    static const std::string kPatient = "PatientID = 'P1'";
    static const std::string kOfStudy = "StudyInstanceUID = '1.2.1'";
    static const std::string kSeries = "SeriesInstanceUID = '1.2.1.2'";
    static const std::string kInstance = "SOPInstanceUID = '1.2.1.2.1'";
    static const std::string kSet = "image_set_id LIKE 'bbb%'";
    static const std::vector<Damage> kDamages = {
        {Table::Patient, alter("PatientName", "'X'", kPatient), different("patient")},
        {Table::Patient, alter("PatientBirthDate", "DATE '2001-01-01'", kPatient),
         different("patient")},
        {Table::Patient, alter("NumberOfPatientRelatedStudies", "7", kPatient),
         different("patient")},
        {Table::Patient, drop(kPatient), missing("patient")},
        {Table::Patient, twice(kPatient), extra("patient")},
        {Table::Patient, with_other("patient_key", "'nobody'", kPatient), rest("patient")},
        {Table::Study, alter("StudyTime", "TIME '07:27:31'", kOfStudy), different("study")},
        {Table::Study, alter("NumberOfStudyRelatedInstances", "4", kOfStudy),
         different("study")},
        {Table::Study, alter("ModalitiesInStudy", "'CT\\MR'", kOfStudy), different("study")},
        {Table::Study, alter("patient_key", "'nobody'", kOfStudy), different("study")},
        {Table::Study, alter("StudyInstanceUID", "NULL", kOfStudy), missing("study")},
        {Table::Study, alter("StudyInstanceUID", "NULL", kOfStudy), rest("study")},
        {Table::Study, alter("larmor_sequence", "1000000", kOfStudy), different("study")},
        {Table::Study, drop(kOfStudy), missing("study")},
        {Table::Study, twice(kOfStudy), extra("study")},
        {Table::Series, alter("Modality", "'MR'", kSeries), different("series")},
        {Table::Series, alter("SeriesDescription", "''", kSeries), different("series")},
        {Table::Series, alter("StudyInstanceUID", "'1.2.2'", kSeries), missing("series")},
        {Table::Series, drop(kSeries), missing("series")},
        {Table::Series, twice(kSeries), extra("series")},
        {Table::Series, with_other("SeriesInstanceUID", "'1.2.1.9'", kSeries), extra("series")},
        {Table::Instance, alter("InstanceNumber", "3", kInstance), different("instance")},
        {Table::Instance, alter("WindowCenter", "NULL", kInstance), different("instance")},
        {Table::Instance, alter("SliceLocation", "-77.2040634156", kInstance),
         different("instance")},
        {Table::Instance, alter("image_set_id", "'x'", kInstance), different("instance")},
        {Table::Instance, alter("StudyInstanceUID", "''", kInstance), rest("instance")},
        {Table::Instance, drop(kInstance), missing("instance")},
        {Table::Instance, twice(kInstance), extra("instance")},
        {Table::Instance, with_other("SOPInstanceUID", "'1.2.1.2.9'", kInstance),
         extra("instance")},
        {Table::ImageSet, alter("version", "7", kSet), different("image_set")},
        {Table::ImageSet, alter("instances", "7", kSet), different("image_set")},
        {Table::ImageSet, alter("is_primary", "false", kSet), different("image_set")},
        {Table::ImageSet, alter("larmor_columns", "1", kSet), different("image_set")},
        // One that is there, and says to be deleted.
        {Table::ImageSet,
         "SELECT * REPLACE (is_deleted OR " + kSet + " AS is_deleted, CASE WHEN NOT (" + kSet +
             ") THEN SeriesInstanceUID END AS SeriesInstanceUID) FROM rows",
         different("image_set")},
        {Table::ImageSet, drop(kSet), missing("image_set")},
        {Table::ImageSet, twice(kSet), extra("image_set")},
        // One that was deleted, and says to be there.
        {Table::ImageSet,
         "SELECT * REPLACE (false AS is_deleted, coalesce(SeriesInstanceUID, '1.2.1.2') AS"
         " SeriesInstanceUID) FROM rows",
         extra("image_set")},
        {Table::ImageSet, twice("is_deleted"), rest("image_set")},
        {Table::ImageSet, alter("SeriesInstanceUID", "'1.2.1.8'", kSet),
         different("image_set")},
        // Last: it stays, as one that is deleted.
        {Table::ImageSet, with_other("image_set_id", "'made-up'", kSet), extra("image_set")},
    };
    return kDamages;
}

std::vector<Damage> damages_of(Table table) {
    std::vector<Damage> some;
    std::ranges::copy_if(damages(), std::back_inserter(some),
                         [&](const Damage& one) { return one.table == table; });
    return some;
}

class LakeCheck : public LakeTest {
protected:
    /// Two studies of two patients; the first one with two series, a conflict, and an image set
    /// that was deleted.
    void SetUp() override {
        LakeTest::SetUp();
        if (!target_) return;
        other_target_ = open();
        first_ = {.datastore_id = std::string(32, 'd'),
                  .study_instance_uid = kStudy,
                  .image_sets = {document({}),
                                 document({.id = std::string(32, 'b'),
                                           .sequence = 2,
                                           .series = "1.2.1.2",
                                           .instances = {"1.2.1.2.1"}}),
                                 document({.id = std::string(32, 'c'),
                                           .sequence = 3,
                                           .is_primary = false,
                                           .instances = {"1.2.1.1.1"}})},
                  .newest = {.epoch = 1, .sequence = 900}};
        other_ = first_;
        other_.study_instance_uid = "1.2.2";
        other_.image_sets = {document({.id = std::string(32, 'e'),
                                       .sequence = 4,
                                       .patient_id = "P2",
                                       .study = "1.2.2",
                                       .date = "20050301",
                                       .series = "1.2.2.1",
                                       .instances = {"1.2.2.1.1"}})};
        none_ = first_;
        none_.study_instance_uid = "";
        none_.image_sets.clear();
        for (const auto* study : {&first_, &other_}) {
            for (const auto& set : study->image_sets) must_be(target_->apply(set));
        }
        apply({.id = std::string(32, '0'),
               .sequence = 5,
               .is_deleted = true,
               .study = "",
               .series = "",
               .instances = {}});
        // As a check reads them, later.
        for (auto* study : {&first_, &other_}) {
            for (auto& set : study->image_sets) set.as_of = study->newest;
        }
    }
    void TearDown() override {
        other_target_.reset();
        LakeTest::TearDown();
    }

    std::vector<Drift> compare() {
        return must_be(target_->compare(std::vector{first_, other_, none_}));
    }
    void repair(const std::vector<Drift>& drift) {
        // In the order of a check: what belongs to no study comes last.
        for (const auto* study : {&first_, &other_, &none_}) {
            if (std::ranges::find(drift, study->study_instance_uid,
                                  &Drift::study_instance_uid) == drift.end()) {
                continue;
            }
            ASSERT_EQ(must_be(target_->repair(*study)), Target::Applied::Written);
        }
    }

    /// Each file of the table has other rows under its name.
    void damage(Table table, const std::string& select) const {
        for (const auto& file : manifest().files) {
            if (file.table != table) continue;
            const std::string path = quoted_text((folder_ / "lake" / path_of(file)).string());
            must_be(reader_->run(
                "CREATE OR REPLACE TEMP TABLE rows AS SELECT * FROM read_parquet(" + path +
                ", hive_partitioning = false); COPY (" + select + ") TO " + path +
                " (FORMAT parquet)"));
        }
    }

    /// Without image sets that were made up, which are deleted for ever.
    std::vector<std::string> everything_applied() const {
        auto all = everything();
        std::erase_if(all, [](const std::string& line) {
            return line.find("made-up") != std::string::npos;
        });
        return all;
    }

    /// The next version of an image set, by another process and by the one that checks in turn.
    void change_an_image_set() {
        const auto version = ++versions_ + 1;
        auto& set = first_.image_sets[static_cast<std::size_t>(version) % 2];
        set.version = version;
        ++first_.newest.sequence;
        for (auto& each : first_.image_sets) each.as_of = first_.newest;
        none_.newest = other_.newest = first_.newest;
        auto& writer = version % 2 == 0 ? *target_ : *other_target_;
        ASSERT_EQ(must_be(writer.apply(set)), Target::Applied::Written);
    }

    std::unique_ptr<Target> other_target_;
    StudyDocuments first_;
    StudyDocuments other_;
    StudyDocuments none_;
    std::int64_t versions_ = 0;
};

TEST_F(LakeCheck, FindsNothingInWhatWasApplied) {
    EXPECT_THAT(compare(), IsEmpty());
    EXPECT_THAT(must_be(target_->list_studies("", 10)), ElementsAre("1.2.1", "1.2.2"));
    EXPECT_THAT(must_be(target_->list_studies("", 1)), ElementsAre("1.2.1"));
    EXPECT_THAT(must_be(target_->list_studies("1.2.1", 10)), ElementsAre("1.2.2"));
}

TEST_F(LakeCheck, NamesRowsThatWereAlteredDroppedOrDoubledInEachTableAndRepairsThem) {
    // One of each table at a time; the last one has most.
    for (std::size_t round = 0; round < damages_of(Table::ImageSet).size(); ++round) {
        // The other process remembers what was in the files.
        must_be(other_target_->wanted());
        const auto expected = everything_applied();
        std::vector<Drift> drifts;
        std::string done;
        for (const Table table : kTables) {
            const auto all = damages_of(table);
            if (round >= all.size()) continue;
            damage(table, all[round].select);
            drifts.push_back(all[round].drift);
            done += std::string(name_of(table)) + ": " + all[round].select + "\n";
        }
        SCOPED_TRACE(done);

        const auto drift = compare();
        for (const auto& one : drifts) ASSERT_THAT(drift, Contains(one));

        // A row that says to be of later than all that there is can only be forced.
        first_.is_forced = done.find("1000000") != std::string::npos;
        repair(drift);
        first_.is_forced = false;
        ASSERT_EQ(everything_applied(), expected);

        // Who writes on knows of it.
        change_an_image_set();
        ASSERT_THAT(compare(), IsEmpty());
    }
}

TEST_F(LakeCheck, LooksWhileOthersWrite) {
    const std::vector<StudyDocuments> unchanged = {other_};
    std::atomic<bool> is_over = false;
    std::thread writer([&] {
        while (!is_over) change_an_image_set();
    });
    for (int looks = 0; looks < 15; ++looks) {
        // What comes in between looks like drift: who asks settles that.
        EXPECT_TRUE(target_->compare(unchanged));
        EXPECT_THAT(must_be(target_->list_studies("", 10)), ElementsAre("1.2.1", "1.2.2"));
        const auto applied =
            target_->has_applied(std::string(32, 'd'), std::string(32, 'c'), 1);
        EXPECT_TRUE(applied);
    }
    is_over = true;
    writer.join();

    EXPECT_GT(versions_, 0);
    EXPECT_THAT(compare(), IsEmpty());
}

TEST_F(LakeCheck, CountsRowsOfAKeyThatIsThereTwiceAndSaysSomethingElseOnce) {
    damage(Table::Instance,
           "SELECT * FROM rows UNION ALL SELECT * REPLACE (7 AS InstanceNumber) FROM rows"
           " WHERE SOPInstanceUID = '1.2.1.2.1'");
    EXPECT_THAT(compare(), ElementsAre(extra("instance")));

    damage(Table::Instance,
           "SELECT * REPLACE (8 AS InstanceNumber) FROM rows"
           " WHERE SOPInstanceUID <> '1.2.1.1.1'");
    EXPECT_THAT(compare(), Contains(Drift{.study_instance_uid = kStudy,
                                          .table = "instance",
                                          .missing = 1,
                                          .extra = 1,
                                          .different = 2}));
}

TEST_F(LakeCheck, FindsAStudyThatTheCatalogHasNot) {
    const StudyDocuments gone{.datastore_id = first_.datastore_id,
                              .study_instance_uid = "1.2.2",
                              .image_sets = {},
                              .newest = first_.newest};

    EXPECT_THAT(must_be(target_->compare(std::vector{gone})),
                AllOf(SizeIs(5),
                      Contains(AllOf(Field(&Drift::table, "study"), Field(&Drift::extra, 1)))));

    must_be(target_->repair(gone));
    EXPECT_THAT(must_be(target_->compare(std::vector{gone, first_, none_})), IsEmpty());
    EXPECT_THAT(must_be(target_->list_studies("", 10)), ElementsAre("1.2.1"));
    // Its image set is deleted: what is late does not bring it back.
    auto late = document({.id = std::string(32, 'e'), .sequence = 4, .study = "1.2.2"});
    EXPECT_EQ(must_be(target_->apply(late)), Target::Applied::Older);
}

TEST_F(LakeCheck, LeavesAloneWhatAnotherLibraryHasInTheSameLake) {
    const StudyDocuments none_of_ours{.datastore_id = std::string(32, '0'),
                                      .study_instance_uid = "1.2.2",
                                      .image_sets = {},
                                      .newest = first_.newest};

    EXPECT_THAT(must_be(target_->compare(std::vector{none_of_ours})), IsEmpty());
}

TEST_F(LakeCheck, NeverRepairsWithWhatIsOlderThanARow) {
    must_be(target_->apply(document(
        {.version = 2, .sequence = 1000, .patient_name = "NEW^NAME", .instances = {"1.9"}})));
    const auto expected = everything();

    EXPECT_EQ(must_be(target_->repair(first_)), Target::Applied::Older);

    EXPECT_EQ(everything(), expected);
}

TEST_F(LakeCheck, PutsAStudyWhereItsDateSays) {
    auto moved = first_;
    ++moved.newest.sequence;
    for (auto& set : moved.image_sets) {
        ++set.version;
        set.as_of = moved.newest;
        lake::set(set.study, set.wanted.at(Level::Study), dicom::tags::StudyDate, "19991231");
    }
    EXPECT_THAT(must_be(target_->compare(std::vector{moved})), Not(IsEmpty()));

    must_be(target_->repair(moved));

    EXPECT_THAT(must_be(target_->compare(std::vector{moved, other_, none_})), IsEmpty());
    EXPECT_THAT(rows("SELECT count(*) FROM instance WHERE study_month = '1999-12' AND"
                     " StudyInstanceUID = '1.2.1'"),
                ElementsAre("3"));
}

}  // namespace
}  // namespace larmor::index::lake

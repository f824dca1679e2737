#include "index/mysql/tests/mysql_fixture.h"
#include "jobs/import_events.h"

namespace larmor::index::mysql {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using testing::Given;
using ::testing::IsEmpty;
using testing::must_be;

/// A damage by hand, and what a check has to say of it.
struct Damage {
    std::string sql;
    Drift drift;
};

constexpr const char* kStudy = "1.2.1";

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

class MysqlCheckTest : public testing::MysqlTargetTest {
protected:
    /// Two studies of two patients; the first one with two series and a conflict.
    void SetUp() override {
        MysqlTargetTest::SetUp();
        if (IsSkipped()) return;
        first_ = {.datastore_id = std::string(32, 'd'),
                  .study_instance_uid = kStudy,
                  .image_sets = {document({.labels = {{"ward", "3"}}, .frames = 2}),
                                 document({.id = std::string(32, 'b'),
                                           .sequence = 2,
                                           .series = "1.2.1.2",
                                           .instances = {"1.2.1.2.1"}}),
                                 document({.id = std::string(32, 'c'),
                                           .sequence = 3,
                                           .is_primary = false,
                                           .instances = {"1.2.1.1.1"}})},
                  .newest = {.epoch = 1, .sequence = 9}};
        other_ = first_;
        other_.study_instance_uid = "1.2.2";
        other_.image_sets = {document({.id = std::string(32, 'e'),
                                       .sequence = 4,
                                       .patient_id = "P2",
                                       .study = "1.2.2",
                                       .series = "1.2.2.1",
                                       .instances = {"1.2.2.1.1"}})};
        other_.image_sets[0].issuer_of_patient_id = "WARD";
        none_ = first_;
        none_.study_instance_uid = "";
        none_.image_sets.clear();
        // As the library has them: newest first.
        for (const std::int64_t number : {4, 2}) {
            none_.import_jobs.push_back({.datastore_id = none_.datastore_id,
                                         .id = jobs::to_service_id(jobs::JobId{number}),
                                         .source = "s3://in/",
                                         .output = "s3://out/",
                                         .submitted = Time(std::chrono::seconds(number)),
                                         .as_of = {.epoch = 1, .sequence = 5}});
        }
        none_.import_jobs[1].state = jobs::JobState::Succeeded;
        for (const auto& job : none_.import_jobs) {
            must_be(target_->apply_import_job(job));
        }
        // One that the library has forgotten.
        auto forgotten = none_.import_jobs[1];
        forgotten.id = jobs::to_service_id(jobs::JobId{1});
        must_be(target_->apply_import_job(forgotten));
        for (auto& job : none_.import_jobs) job.as_of = none_.newest;
        for (const auto* study : {&first_, &other_}) {
            for (const auto& set : study->image_sets) must_be(target_->apply(set));
        }
        // As a check reads them, later.
        for (auto* study : {&first_, &other_}) {
            for (auto& set : study->image_sets) set.as_of = study->newest;
        }
    }

    std::vector<Drift> compare() {
        return must_be(target_->compare(std::vector{first_, other_, none_}));
    }
    void run(const std::string& sql) { must_be(connection_->run_script(sql + ';')); }
    void repair() {
        // In the order of a check: what belongs to no study comes last.
        for (const auto* study : {&first_, &other_, &none_}) {
            ASSERT_EQ(must_be(target_->repair(*study)), Target::Applied::Written);
        }
    }

    StudyDocuments first_;
    StudyDocuments other_;
    StudyDocuments none_;
};

/// A row altered, dropped and doubled in each of the tables. Where a key is unique, a doubled
/// row has another one.
const std::vector<Damage>& damages() {
    static const std::vector<Damage> kDamages = {
        {"UPDATE issuer SET issuerofpatientid = 'OTHER' WHERE issuerofpatientid = 'WARD'",
         {.study_instance_uid = "1.2.2", .table = "patient", .different = 1}},
        {"DELETE FROM issuer WHERE issuerofpatientid = 'WARD'",
         {.study_instance_uid = "1.2.2", .table = "patient", .missing = 1}},
        {"INSERT INTO issuer (issuerofpatientid) VALUES ('WARD2')", rest("issuer")},
        {"UPDATE patient SET patientname = 'X' WHERE patientid = 'P1'", different("patient")},
        {"UPDATE patient SET patientbirthdate = '2001-01-01' WHERE patientid = 'P1'",
         different("patient")},
        {"DELETE FROM patient WHERE patientid = 'P1'", missing("patient")},
        {"INSERT INTO patient (issuer_pkey, patientid, patientname)"
         " SELECT issuer_pkey, 'P1x', patientname FROM patient WHERE patientid = 'P1'",
         rest("patient")},
        {"UPDATE study SET studytime = '07:27:31' WHERE studyinstanceuid = '1.2.1'",
         different("study")},
        {"UPDATE study SET numberofstudyrelatedinstances = 4 WHERE studyinstanceuid = '1.2.1'",
         different("study")},
        {"UPDATE study SET larmor_sequence = 1000 WHERE studyinstanceuid = '1.2.1'",
         different("study")},
        {"UPDATE study SET patient_pkey = (SELECT patient_pkey FROM patient WHERE patientid ="
         " 'P2') WHERE studyinstanceuid = '1.2.1'",
         different("study")},
        {"DELETE FROM study WHERE studyinstanceuid = '1.2.1'", missing("study")},
        {"UPDATE series SET modality = 'MR' WHERE seriesinstanceuid = '1.2.1.2'",
         different("series")},
        {"DELETE FROM series WHERE seriesinstanceuid = '1.2.1.2'", missing("series")},
        {"INSERT INTO series (study_pkey, seriesinstanceuid) SELECT study_pkey, '1.2.1.9'"
         " FROM study WHERE studyinstanceuid = '1.2.1'",
         extra("series")},
        {"UPDATE imageset SET datastoreid = 'x' WHERE imagesetid LIKE 'bbb%'",
         different("imageset")},
        {"DELETE FROM imageset WHERE imagesetid LIKE 'bbb%'", missing("imageset")},
        {"INSERT INTO imageset (series_pkey, imagesetid, datastoreid) SELECT series_pkey, 'f',"
         " datastoreid FROM imageset WHERE imagesetid LIKE 'bbb%'",
         extra("imageset")},
        {"UPDATE conflict SET conflict_type = 'NONE'", different("conflict")},
        {"DELETE FROM conflict", missing("conflict")},
        {"INSERT INTO conflict (series_pkey, imageset_pkey) SELECT series_pkey, imageset_pkey"
         " FROM imageset WHERE imagesetid LIKE 'bbb%'",
         extra("conflict")},
        {"INSERT INTO conflict (series_pkey, imageset_pkey) VALUES (-1, -1)", rest("conflict")},
        {"UPDATE instance SET `rows` = 3 WHERE sopinstanceuid = '1.2.1.2.1'",
         different("instance")},
        {"UPDATE instance SET windowcenter = '' WHERE sopinstanceuid = '1.2.1.2.1'",
         different("instance")},
        {"UPDATE instance SET imageset_pkey = -1 WHERE sopinstanceuid = '1.2.1.2.1'",
         different("instance")},
        {"DELETE FROM instance WHERE sopinstanceuid = '1.2.1.2.1'", missing("instance")},
        {"INSERT INTO instance (series_pkey, imageset_pkey, sopinstanceuid) SELECT series_pkey,"
         " imageset_pkey, '1.2.1.2.9' FROM instance WHERE sopinstanceuid = '1.2.1.2.1'",
         extra("instance")},
        {"UPDATE frame SET framenumber = 9 WHERE framenumber = 2 ORDER BY frameid LIMIT 1",
         different("frame")},
        {"UPDATE frame SET imageset_pkey = -1 ORDER BY frameid LIMIT 1", different("frame")},
        {"DELETE FROM frame WHERE framenumber = 2 ORDER BY frameid LIMIT 1", missing("frame")},
        {"INSERT INTO frame (instance_pkey, imageset_pkey, framenumber, frameid) SELECT"
         " instance_pkey, imageset_pkey, 3, 'f' FROM frame WHERE framenumber = 2 ORDER BY"
         " frameid LIMIT 1",
         extra("frame")},
        {"UPDATE tag SET value = '4'", different("tag")},
        {"UPDATE tag SET description = 'x'", different("tag")},
        {"UPDATE tag SET series_pkey = (SELECT series_pkey FROM series WHERE"
         " seriesinstanceuid = '1.2.1.2')",
         different("tag")},
        {"DELETE FROM tag", missing("tag")},
        {"INSERT INTO tag (series_pkey, imageset_pkey, `key`, value) SELECT series_pkey,"
         " imageset_pkey, `key`, value FROM tag",
         extra("tag")},
        {"INSERT INTO tag (`key`, value) VALUES ('ward', '3')", rest("tag")},
        {"UPDATE imagetype SET type = 'X' WHERE type = 'PRIMARY'",
         {.study_instance_uid = kStudy, .table = "imagetype", .missing = 2, .extra = 2}},
        {"DELETE FROM imagetype WHERE type = 'PRIMARY'",
         {.study_instance_uid = kStudy, .table = "imagetype", .missing = 2}},
        {"INSERT INTO imagetype (type) VALUES ('PRIMARY2')", rest("imagetype")},
        {"DELETE l FROM larmor_imagetype l JOIN imageset m USING (imageset_pkey) JOIN imagetype"
         " USING (imagetype_pkey) WHERE m.imagesetid LIKE 'bbb%' AND type = 'PRIMARY'",
         missing("imagetype")},
        {"UPDATE importjob SET ahijobstatus = 1 WHERE ahijobid LIKE '%2'",
         {.study_instance_uid = "", .table = "importjob", .different = 1}},
        {"UPDATE importjob SET sourceprefix = NULL WHERE ahijobid LIKE '%2'",
         {.study_instance_uid = "", .table = "importjob", .different = 1}},
        {"UPDATE importjob SET submittedat = NULL WHERE ahijobid LIKE '%4'",
         {.study_instance_uid = "", .table = "importjob", .different = 1}},
        {"DELETE FROM importjob WHERE ahijobid LIKE '%4'",
         {.study_instance_uid = "", .table = "importjob", .missing = 1}},
        {"INSERT INTO importjob (ahijobid, ahijobstatus) SELECT ahijobid, ahijobstatus FROM"
         " importjob WHERE ahijobid LIKE '%4'",
         rest("importjob")},
        {"INSERT INTO importjob (ahijobid, ahijobstatus, larmor_datastoreid) SELECT"
         " REPLACE(ahijobid, '4', '5'), 2, larmor_datastoreid FROM importjob WHERE ahijobid"
         " LIKE '%4'",
         rest("importjob")},
        {"UPDATE larmor_applied SET version = 7 WHERE imagesetid LIKE 'bbb%'",
         different("larmor_applied")},
        {"UPDATE larmor_applied SET is_deleted = TRUE WHERE imagesetid LIKE 'bbb%'",
         different("larmor_applied")},
        {"DELETE FROM larmor_applied WHERE imagesetid LIKE 'bbb%'", missing("larmor_applied")},
        {"INSERT INTO larmor_applied SELECT datastoreid, 'f', epoch, sequence, version,"
         " is_deleted, instances, series_pkey FROM larmor_applied WHERE imagesetid LIKE 'bbb%'",
         extra("larmor_applied")},
        {"UPDATE importjob SET ahijobstatus = 0 WHERE ahijobid LIKE '%1'", rest("importjob")},
    };
    return kDamages;
}

}  // namespace

TEST_F(MysqlCheckTest, FindsNothingInWhatWasApplied) {
    EXPECT_THAT(compare(), IsEmpty());
    EXPECT_THAT(must_be(target_->list_studies("", 10)), ElementsAre("1.2.1", "1.2.2"));
    EXPECT_THAT(must_be(target_->list_studies("1.2.1", 10)), ElementsAre("1.2.2"));
}

TEST_F(MysqlCheckTest, NamesARowThatWasAlteredDroppedOrDoubledInEachTableAndRepairsIt) {
    const auto expected = everything();
    for (const auto& damage : damages()) {
        run(damage.sql);

        EXPECT_THAT(compare(), Contains(damage.drift)) << damage.sql;

        // The row that says to be of later than all that there is can only be forced.
        first_.is_forced = damage.sql.find("1000") != std::string::npos;
        repair();
        EXPECT_THAT(compare(), IsEmpty()) << damage.sql;
        // What the library has forgotten can't be made anew.
        if (damage.sql.ends_with("'%1'")) continue;
        EXPECT_EQ(everything(), expected) << damage.sql;
        first_.is_forced = false;
    }
}

TEST_F(MysqlCheckTest, FindsAStudyThatTheCatalogHasNot) {
    const StudyDocuments gone{.datastore_id = first_.datastore_id,
                              .study_instance_uid = "1.2.2",
                              .image_sets = {},
                              .newest = first_.newest};

    EXPECT_THAT(must_be(target_->compare(std::vector{gone})),
                Contains(AllOf(Field(&Drift::table, "study"), Field(&Drift::extra, 1))));

    must_be(target_->repair(gone));
    EXPECT_THAT(rows("SELECT patientid FROM patient"), ElementsAre("P1"));
    EXPECT_THAT(rows("SELECT issuerofpatientid FROM issuer"), ElementsAre("DEFAULT_DOMAIN"));
    EXPECT_THAT(must_be(target_->compare(std::vector{gone, first_, none_})), IsEmpty());
}

TEST_F(MysqlCheckTest, LeavesAloneWhatAnotherLibraryHasInTheSameDatabase) {
    const StudyDocuments none_of_ours{.datastore_id = std::string(32, '0'),
                                      .study_instance_uid = "1.2.2",
                                      .image_sets = {},
                                      .newest = first_.newest};

    EXPECT_THAT(must_be(target_->compare(std::vector{none_of_ours})), IsEmpty());
}

TEST_F(MysqlCheckTest, NeverRepairsWithWhatIsOlderThanARow) {
    must_be(target_->apply(document(
        {.version = 2, .sequence = 10, .patient_name = "NEW^NAME", .instances = {"1.9"}})));

    EXPECT_EQ(must_be(target_->repair(first_)), Target::Applied::Older);

    EXPECT_THAT(rows("SELECT patientname FROM patient WHERE patientid = 'P1'"),
                ElementsAre("NEW^NAME"));
}

// A slide: the answer of the server is a row, not one for each.
TEST_F(MysqlCheckTest, CountsWhatDiffersInATableOfMoreRowsThanAnAnswerMayHave) {
    constexpr std::uint32_t kFrames = 100'100;
    open(testing::MariadbServer::shared()->make_database());
    first_.image_sets = {document({.instances = {"1.2.1.1.1"}, .frames = kFrames})};
    must_be(target_->apply(first_.image_sets[0]));
    run("DELETE FROM frame WHERE framenumber > 100098;"
        "UPDATE frame SET framenumber = 0 WHERE framenumber IN (1, 2, 3);"
        "INSERT INTO frame (instance_pkey, imageset_pkey, framenumber, frameid) SELECT"
        " instance_pkey, imageset_pkey, 9, 'f' FROM frame WHERE framenumber = 4");

    EXPECT_THAT(must_be(target_->compare(std::vector{first_})),
                ElementsAre(Drift{.study_instance_uid = kStudy,
                                  .table = "frame",
                                  .missing = 2,
                                  .extra = 1,
                                  .different = 3}));
}

TEST_F(MysqlCheckTest, ComparesColumnsOfEveryTypeThatSomebodyAdded) {
    open(testing::MariadbServer::shared()->make_database());
    run("ALTER TABLE instance ADD COLUMN slicelocation DOUBLE, ADD COLUMN slicethickness"
        " DECIMAL(8, 2), ADD COLUMN instancecreationtime TIME, ADD COLUMN imagecomments TEXT");
    open(settings_);
    auto changed = document({});
    for (const auto& [tag, text] : std::vector<std::pair<dicom::Tag, std::string>>{
             {dicom::tags::SliceLocation, "-77.20000"},
             {dicom::tags::SliceThickness, "1.50"},
             {dicom::tags::InstanceCreationTime, "072730.25"},
             {dicom::tags::ImageComments, "Grüße"}}) {
        set(changed.instances[0].values, wanted_.at(Level::Instance), tag, text);
    }
    must_be(target_->apply(changed));
    first_.image_sets = {changed};
    none_.import_jobs.clear();

    EXPECT_THAT(must_be(target_->compare(std::vector{first_, none_})), IsEmpty());
    run("UPDATE instance SET slicelocation = -77.2000001 WHERE slicelocation IS NOT NULL");
    EXPECT_THAT(must_be(target_->compare(std::vector{first_})),
                ElementsAre(different("instance")));
}

}  // namespace larmor::index::mysql

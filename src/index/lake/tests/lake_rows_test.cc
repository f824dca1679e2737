// What the tables of a lake say of image sets.
#include <gmock/gmock.h>

#include "index/lake/tests/lake_fixture.h"

namespace larmor::index::lake {
namespace {

using LakeRows = LakeTest;
using ::testing::ElementsAre;

TEST_F(LakeRows, WritesEveryLevelWithItsTypesAndCounts) {
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

TEST_F(LakeRows, NeverPutsAnOlderVersionOverANewer) {
    apply({.version = 2, .sequence = 2, .patient_name = "ANON^ANON", .instances = {"1.9"}});

    EXPECT_EQ(apply({.version = 1, .sequence = 1}), Target::Applied::Older);

    EXPECT_THAT(rows("SELECT PatientName FROM patient"), ElementsAre("ANON^ANON"));
    EXPECT_THAT(rows("SELECT SOPInstanceUID FROM instance"), ElementsAre("1.9"));
}

TEST_F(LakeRows, BeginsAnewAfterARestoreFromABackup) {
    apply({.version = 7, .sequence = 70, .patient_name = "LOST^LATER"});

    EXPECT_EQ(apply({.version = 3, .sequence = 30, .epoch = 2, .patient_name = "AS^BACKED^UP"}),
              Target::Applied::Written);

    EXPECT_THAT(rows("SELECT PatientName FROM patient"), ElementsAre("AS^BACKED^UP"));
}

TEST_F(LakeRows, RemovesWhatIsDeletedAndWhatItWasTheLastOf) {
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

TEST_F(LakeRows, CountsConflictsNotAndLeavesTheirInstancesOut) {
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

TEST_F(LakeRows, MovesAStudyToTheRightPatient) {
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

TEST_F(LakeRows, KeepsPatientsWithoutAnIdApart) {
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

TEST_F(LakeRows, MovesEveryRowOfAStudyThatGetsAnotherDate) {
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

TEST_F(LakeRows, PutsDatesThatAreNoneIntoOnePartition) {
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

TEST_F(LakeRows, TakesTextThatLooksLikeSqlAsTextAndRefusesOnlyWhatIsNoText) {
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

Levels levels(const char* names) {
    return must_be(Levels::parse(names));
}

TEST_F(LakeRows, HaveKeysAndCountsOnlyWhereTheirLevelIsNotKept) {
    auto options = this->options();
    options.levels = levels("study");
    target_ = must_be(open_lake(options));

    apply({.levels = options.levels});

    EXPECT_THAT(
        rows("SELECT StudyInstanceUID, StudyTime, NumberOfStudyRelatedInstances FROM study"),
        ElementsAre("1.2.1 07:27:30.5 2"));
    EXPECT_THAT(
        rows("SELECT PatientID, PatientName, NumberOfPatientRelatedInstances FROM patient"),
        ElementsAre("P1 NULL 2"));
    EXPECT_THAT(rows("SELECT SeriesInstanceUID, Modality, NumberOfSeriesRelatedInstances"
                     " FROM series"),
                ElementsAre("1.2.1.1 NULL 2"));
    EXPECT_THAT(rows("SELECT * FROM instance"), ElementsAre());
}

TEST_F(LakeRows, LieByDateAlsoWhereStudiesAreNotKept) {
    auto options = this->options();
    options.levels = levels("instance");
    target_ = must_be(open_lake(options));

    apply({.levels = options.levels});

    EXPECT_THAT(rows("SELECT study_month, WindowCenter FROM instance LIMIT 1"),
                ElementsAre("2004-01 00040.0000000000\\0400"));
    EXPECT_THAT(rows("SELECT study_month, StudyTime FROM study"), ElementsAre("2004-01 NULL"));
}

TEST_F(LakeRows, AreWrittenAnewByARebuildWhenOtherLevelsAreKept) {
    apply({});
    auto options = this->options();
    const auto change_to = [&](Levels now) {
        options.levels = now;
        target_ = must_be(open_lake(options));
        must_be(target_->wanted());
        const Given same{.levels = now};
        EXPECT_FALSE(must_be(target_->has_applied(std::string(32, 'd'), same.id, 1)));
        EXPECT_EQ(apply(same), Target::Applied::Written);
        EXPECT_TRUE(must_be(target_->has_applied(std::string(32, 'd'), same.id, 1)));
        EXPECT_EQ(apply(same), Target::Applied::Older);
    };

    change_to(levels("patient,study"));
    EXPECT_THAT(rows("SELECT PatientName, (SELECT Modality FROM series), (SELECT count(*)"
                     " FROM instance) FROM patient"),
                ElementsAre("MISTER^CT NULL 0"));

    change_to(Levels::all());
    EXPECT_THAT(rows("SELECT PatientName, (SELECT Modality FROM series), (SELECT count(*)"
                     " FROM instance) FROM patient"),
                ElementsAre("MISTER^CT CT 2"));
}

TEST_F(LakeRows, AreWrittenAgainWhereARebuildSaysSo) {
    apply({});
    auto again = document({});
    ASSERT_EQ(must_be(target_->apply(again)), Target::Applied::Older);
    again.is_again = true;
    set(again.instances[0].values, again.wanted.at(Level::Instance), dicom::tags::SliceLocation,
        "5");
    // Others of the same version come with it.
    const std::vector<ImageSetDocument> together = {again, document({.sequence = 2})};

    EXPECT_EQ(must_be(target_->apply_batch(together)[0]), Target::Applied::Written);

    EXPECT_THAT(rows("SELECT SOPInstanceUID, SliceLocation FROM instance ORDER BY 1"),
                ElementsAre("1.2.1.1.1 5.0", "1.2.1.1.2 -77.2040634155"));
    EXPECT_THAT(rows("SELECT version, instances FROM image_set"), ElementsAre("1 2"));
}

}  // namespace
}  // namespace larmor::index::lake

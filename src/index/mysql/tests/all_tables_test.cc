// The tables of the sample that hold neither patients nor what they have: frames, labels, image
// types and import jobs.
#include "healthimaging/frame_id.h"
#include "index/mysql/tests/mysql_fixture.h"
#include "jobs/import_events.h"

namespace larmor::index::mysql {
namespace {

using ::testing::ElementsAre;
using testing::Given;
using ::testing::IsEmpty;
using testing::must_be;

constexpr const char* kFrames =
    "SELECT i.sopinstanceuid, f.framenumber FROM frame f JOIN instance i"
    " ON i.instance_pkey = f.instance_pkey ORDER BY 1, 2";
constexpr const char* kTypes = "SELECT type FROM imagetype ORDER BY 1";
constexpr const char* kLabels = "SELECT `key`, value FROM tag ORDER BY 1";
constexpr const char* kJobs =
    "SELECT ahijobid, ahijobstatus, logicalstatus, sourceprefix, manifestprefix, submittedat,"
    " startedat, completedat FROM importjob ORDER BY 1";

class MysqlAllTablesTest : public testing::MysqlTargetTest {
protected:
    void put(const ImportJob& job) { must_be(target_->apply_import_job(job)); }
};

ImportJob job_of(std::int64_t number, std::int64_t sequence) {
    return {.datastore_id = std::string(32, 'd'),
            .id = jobs::to_service_id(jobs::JobId{number}),
            .source = {},
            .output = {},
            .submitted = Time(std::chrono::microseconds(1'767'323'045'678'901)),
            .as_of = {.epoch = 1, .sequence = sequence}};
}

}  // namespace

TEST_F(MysqlAllTablesTest, KeepsTheFramesOfEachInstanceByTheIdsOfTheService) {
    apply({.instances = {"1.2.1.1.1", "1.2.1.1.2"}, .frames = 2});

    EXPECT_THAT(rows(kFrames),
                ElementsAre("1.2.1.1.1 1", "1.2.1.1.1 2", "1.2.1.1.2 1", "1.2.1.1.2 2"));
    EXPECT_THAT(rows("SELECT f.frameid FROM frame f JOIN instance i ON i.instance_pkey ="
                     " f.instance_pkey WHERE i.sopinstanceuid = '1.2.1.1.2' AND"
                     " f.framenumber = 2"),
                ElementsAre(healthimaging::to_frame_id({testing::file_of("1.2.1.1.2"), 1},
                                                       std::string(32, 'd'))));

    // Without one instance, and the other one with fewer frames.
    apply({.version = 2, .sequence = 2, .instances = {"1.2.1.1.1"}, .frames = 1});
    EXPECT_THAT(rows(kFrames), ElementsAre("1.2.1.1.1 1"));
    apply({.version = 3, .sequence = 3, .is_deleted = true, .series = "", .instances = {}});
    EXPECT_THAT(rows(kFrames), IsEmpty());
}

TEST_F(MysqlAllTablesTest, HasNoFramesWhereTheyAreNotWanted) {
    apply({});
    target_ =
        make_mysql_target({.connection = settings_,
                           .levels = must_be(Levels::parse("patient,study,series,instance"))});
    apply({.version = 2, .sequence = 2});
    EXPECT_THAT(rows(kFrames), IsEmpty());
    EXPECT_THAT(rows("SELECT COUNT(*) FROM instance"), ElementsAre("2"));
}

TEST_F(MysqlAllTablesTest, AnInstanceThatMovesToAnotherImageSetTakesItsFramesAlong) {
    apply({});
    const Given copy{.id = std::string(32, 'b'), .sequence = 2};
    apply(copy);
    EXPECT_THAT(rows("SELECT DISTINCT m.imagesetid FROM frame f JOIN imageset m"
                     " ON m.imageset_pkey = f.imageset_pkey"),
                ElementsAre(copy.id));
    // What was primary is a conflict from now on.
    apply({.version = 2, .sequence = 3, .is_primary = false});
    EXPECT_THAT(rows(kFrames), ElementsAre("1.2.1.1.1 1", "1.2.1.1.2 1"));
}

TEST_F(MysqlAllTablesTest, KeepsWhatUsersPutToAnImageSetThoughItMakesNoVersion) {
    apply({.labels = {{"trial", "A"}, {"ward", "3"}}});
    EXPECT_THAT(rows(kLabels), ElementsAre("trial A", "ward 3"));

    apply({.sequence = 3, .labels = {{"ward", "O'4"}}});
    EXPECT_THAT(rows(kLabels), ElementsAre("ward O'4"));
    EXPECT_EQ(apply({.sequence = 2, .labels = {{"trial", "A"}}}), Target::Applied::Older);
    EXPECT_THAT(rows(kLabels), ElementsAre("ward O'4"));
    EXPECT_TRUE(must_be(target_->has_applied_since(std::string(32, 'd'), std::string(32, 'a'),
                                                   1, {.epoch = 1, .sequence = 3})));
    EXPECT_FALSE(must_be(target_->has_applied_since(std::string(32, 'd'), std::string(32, 'a'),
                                                    1, {.epoch = 1, .sequence = 4})));

    apply({.version = 2, .sequence = 4, .is_deleted = true, .series = "", .instances = {}});
    EXPECT_THAT(rows(kLabels), IsEmpty());
}

// Tags of a slide of many frames: its rows are not written anew for each.
TEST_F(MysqlAllTablesTest, WritesOfAVersionThatIsThereOnlyWhatUsersPutToIt) {
    apply({.labels = {{"ward", "3"}}});
    must_be(
        connection_->run_script("DELETE FROM instance WHERE sopinstanceuid = '1.2.1.1.1';"
                                "DELETE FROM larmor_imagetype;"));

    EXPECT_EQ(apply({.labels = {{"ward", "4"}}}), Target::Applied::Written);
    EXPECT_EQ(apply({.sequence = 2, .labels = {{"ward", "5"}}}), Target::Applied::Written);

    EXPECT_THAT(rows(kLabels), ElementsAre("ward 5"));
    EXPECT_THAT(rows(kFrames), ElementsAre("1.2.1.1.2 1"));
    EXPECT_THAT(rows("SELECT COUNT(*) FROM larmor_imagetype"), ElementsAre("0"));
    EXPECT_THAT(rows("SELECT numberofseriesrelatedinstances FROM series"), ElementsAre("2"));
    EXPECT_TRUE(must_be(target_->has_applied_since(std::string(32, 'd'), std::string(32, 'a'),
                                                   1, {.epoch = 1, .sequence = 2})));
}

TEST_F(MysqlAllTablesTest, WritesAllOfAVersionAgainWhereARebuildSaysSo) {
    apply({.sequence = 1, .labels = {{"ward", "3"}}});
    apply({.sequence = 4, .labels = {{"ward", "4"}}});
    must_be(
        connection_->run_script("DELETE FROM instance WHERE sopinstanceuid = '1.2.1.1.1';"
                                "DELETE FROM larmor_imagetype;"));
    // It was read before users changed what they had put to it.
    auto again = document({.sequence = 2, .labels = {{"ward", "3"}}});
    again.is_again = true;

    EXPECT_EQ(must_be(target_->apply(again)), Target::Applied::Written);

    EXPECT_THAT(rows(kLabels), ElementsAre("ward 4"));
    EXPECT_THAT(rows(kFrames), ElementsAre("1.2.1.1.1 1", "1.2.1.1.2 1"));
    EXPECT_THAT(rows("SELECT COUNT(*) FROM larmor_imagetype"), ElementsAre("2"));
    EXPECT_TRUE(must_be(target_->has_applied_since(std::string(32, 'd'), std::string(32, 'a'),
                                                   1, {.epoch = 1, .sequence = 4})));
    // Of the same age too, and beside a document that does not say so.
    must_be(connection_->run("DELETE FROM instance"));
    again.as_of.sequence = 4;
    const std::vector<ImageSetDocument> together = {
        again, document({.sequence = 5, .labels = {{"ward", "5"}}})};
    must_be(target_->apply_batch(together)[0]);
    EXPECT_THAT(rows(kFrames), ElementsAre("1.2.1.1.1 1", "1.2.1.1.2 1"));
    EXPECT_THAT(rows(kLabels), ElementsAre("ward 5"));
}

// What is written down of it can be wrong.
TEST_F(MysqlAllTablesTest, WritesAllOfAVersionWhoseRowsAreNotThere) {
    apply({});
    const auto expected = everything();
    must_be(connection_->run("DELETE FROM patient"));

    EXPECT_EQ(apply({.sequence = 2}), Target::Applied::Written);

    EXPECT_EQ(everything(), expected);
}

TEST_F(MysqlAllTablesTest, ListsEachValueOfImageTypeOnceAndAsLongAsSomeImageSetHasIt) {
    apply({.image_type = "ORIGINAL\\PRIMARY\\AXIAL"});
    apply({.id = std::string(32, 'b'),
           .sequence = 2,
           .series = "1.2.1.2",
           .instances = {"1.2.1.2.1"},
           .image_type = "DERIVED\\PRIMARY\\ MIP OF SOMETHING LONG"});
    EXPECT_THAT(rows(kTypes),
                ElementsAre("AXIAL", "DERIVED", "MIP OF SOMETHING", "ORIGINAL", "PRIMARY"));

    apply({.version = 2, .sequence = 3, .image_type = "ORIGINAL\\SECONDARY"});
    EXPECT_THAT(rows(kTypes),
                ElementsAre("DERIVED", "MIP OF SOMETHING", "ORIGINAL", "PRIMARY", "SECONDARY"));
    apply({.version = 3, .sequence = 4, .is_deleted = true, .series = "", .instances = {}});
    EXPECT_THAT(rows(kTypes), ElementsAre("DERIVED", "MIP OF SOMETHING", "PRIMARY"));
}

// The server takes the one that is cut behind its space, and the other, for the same.
TEST_F(MysqlAllTablesTest, TakesAnImageTypeThatIsCutBehindAWordForThatWord) {
    const std::string cut = "DERIVED PRIMARY MPR";
    const std::string whole = "DERIVED PRIMARY";
    for (const auto& [first, second] : {std::pair(cut, whole), std::pair(whole, cut)}) {
        empty();
        apply({.image_type = first});
        apply({.id = std::string(32, 'b'),
               .sequence = 2,
               .series = "1.2.1.2",
               .instances = {"1.2.1.2.1"},
               .image_type = second});
        EXPECT_THAT(rows(kTypes), ElementsAre(whole)) << first;
        EXPECT_THAT(rows("SELECT COUNT(*) FROM larmor_imagetype"), ElementsAre("2")) << first;
    }
}

TEST_F(MysqlAllTablesTest, KeepsImportJobsAsTheyAre) {
    ImportJob job = job_of(7, 5);
    put(job);
    const std::string id = std::string(31, '0') + "7";
    const std::string submitted = "2026-01-02 03:04:05.678901";
    EXPECT_THAT(rows(kJobs), ElementsAre(id + " 0 0 NULL NULL " + submitted + " NULL NULL"));

    job.state = jobs::JobState::Succeeded;
    job.has_item_errors = true;
    job.source = "s3://in/a/";
    job.output = "s3://out/";
    job.started = job.submitted + std::chrono::seconds(1);
    job.ended = job.submitted + std::chrono::seconds(2);
    job.as_of.sequence = 9;
    put(job);
    const std::string ended = id + " 2 2 s3://in/a/ s3://out/ " + submitted +
                              " 2026-01-02 03:04:06.678901 2026-01-02 03:04:07.678901";
    EXPECT_THAT(rows(kJobs), ElementsAre(ended));
    // What was read before comes late.
    put(job_of(7, 6));
    EXPECT_THAT(rows(kJobs), ElementsAre(ended));
}

TEST_F(MysqlAllTablesTest, FillsAColumnOfWhatWasThereBeforeWhenItIsAppliedAgain) {
    open(testing::MariadbServer::shared()->make_database());
    apply({});
    must_be(connection_->run("ALTER TABLE instance ADD COLUMN slicelocation DOUBLE"));
    open(settings_);
    // The same version, as a rebuild sends it.
    auto again = document({.sequence = 2});
    again.is_again = true;
    set(again.instances[0].values, wanted_.at(Level::Instance), dicom::tags::SliceLocation,
        "5");

    EXPECT_EQ(must_be(target_->apply(again)), Target::Applied::Written);

    EXPECT_THAT(rows("SELECT slicelocation FROM instance ORDER BY sopinstanceuid"),
                ElementsAre("5", "NULL"));
}

}  // namespace larmor::index::mysql

// Documents that come together: one transaction, and none of them in the way of others.
#include "index/mysql/tests/mysql_fixture.h"

namespace larmor::index::mysql {
namespace {

using ::testing::ElementsAre;
using testing::Given;
using testing::must_be;

class MysqlBatchTest : public testing::MysqlTargetTest {
protected:
    /// A series of each of some studies.
    std::vector<ImageSetDocument> documents(int count) const {
        std::vector<ImageSetDocument> all;
        for (int i = 0; i < count; ++i) {
            const std::string study = "1.2." + std::to_string(i / 2);
            const std::string series = study + "." + std::to_string(i);
            all.push_back(document({.id = std::string(30, 'a') + std::to_string(10 + i),
                                    .sequence = i + 1,
                                    .patient_id = "P" + std::to_string(i / 4),
                                    .study = study,
                                    .series = series,
                                    .instances = {series + ".1", series + ".2"}}));
        }
        return all;
    }
    std::vector<std::string> one_by_one(const std::vector<ImageSetDocument>& all) {
        empty();
        for (const auto& document : all) testing::must_be(target_->apply(document));
        auto rows = everything();
        empty();
        return rows;
    }
};

}  // namespace

TEST_F(MysqlBatchTest, WritesManyAsIfEachCameByItself) {
    auto all = documents(10);
    // An older one of the same image set, and one that is deleted before it was ever there.
    auto older = document({.id = all[3].image_set_id, .version = 1, .sequence = 1});
    all[3].version = 2;
    all.push_back(older);
    all.push_back(document(
        {.sequence = 40, .is_deleted = true, .study = "", .series = "", .instances = {}}));
    const auto expected = one_by_one(all);

    const auto outcomes = target_->apply_batch(all);

    ASSERT_EQ(outcomes.size(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_TRUE(outcomes[i]) << outcomes[i].error().message;
        EXPECT_EQ(*outcomes[i], i == 10 ? Target::Applied::Older : Target::Applied::Written);
    }
    EXPECT_EQ(everything(), expected);
    EXPECT_THAT(rows("SELECT COUNT(*) FROM larmor_applied"), ElementsAre("11"));
}

TEST_F(MysqlBatchTest, OneThatIsRefusedTakesNoOtherAlong) {
    auto all = documents(40);
    const auto expected = [&] {
        auto others = all;
        others.erase(others.begin() + 17);
        return one_by_one(others);
    }();
    all[17].series_instance_uid = std::string(100, '1');

    const auto outcomes = target_->apply_batch(all);

    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(outcomes[i].has_value(), i != 17) << i;
    }
    EXPECT_EQ(outcomes[17].error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(everything(), expected);
}

TEST_F(MysqlBatchTest, OneOfOtherColumnsTakesNoOtherAlong) {
    auto all = documents(3);
    all[1].wanted.tags[0].clear();
    const auto outcomes = target_->apply_batch(all);
    EXPECT_TRUE(outcomes[0]);
    ASSERT_FALSE(outcomes[1]);
    EXPECT_EQ(outcomes[1].error().code, ErrorCode::Conflict);
    EXPECT_TRUE(outcomes[2]);
}

TEST_F(MysqlBatchTest, ThoseFromBeforeAndAfterAColumnCameAreNotWrittenTogether) {
    open(testing::MariadbServer::shared()->make_database());
    const auto before = document({});
    must_be(connection_->run("ALTER TABLE instance ADD COLUMN bodypartthickness DOUBLE"));
    wanted_ = must_be(make_mysql_target({.connection = settings_})->wanted());
    auto after =
        document({.id = std::string(32, 'b'), .series = "1.2.1.2", .instances = {"1.2.1.2.1"}});
    set(after.instances[0].values, wanted_.at(Level::Instance), dicom::tags::BodyPartThickness,
        "5.5");

    const auto outcomes = target_->apply_batch(std::vector{before, after});

    ASSERT_FALSE(outcomes[0]);
    EXPECT_EQ(outcomes[0].error().code, ErrorCode::Conflict);
    ASSERT_TRUE(outcomes[1]) << outcomes[1].error().message;
    EXPECT_THAT(rows("SELECT sopinstanceuid, instancenumber, windowcenter, bodypartthickness"
                     " FROM instance"),
                ElementsAre("1.2.1.2.1 1 00040.0000000000 5.5"));
}

TEST_F(MysqlBatchTest, AllOfThemWaitForAServerThatIsAway) {
    auto& server = *testing::MariadbServer::shared();
    server.kill();
    for (const auto& outcome : target_->apply_batch(documents(3))) {
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, ErrorCode::Unavailable);
    }
    server.start();
    for (const auto& outcome : target_->apply_batch(documents(3))) EXPECT_TRUE(outcome);
}

// In the way of each of them, others would be in that of all halves of the batch, and of each
// as long as a lock is waited for.
TEST_F(MysqlBatchTest, ThatIsInTheWayOfOthersForLongIsGivenBackWithoutMoreTries) {
    const auto settings = testing::MariadbServer::shared()->make_database();
    open(settings);
    const auto all = documents(8);
    // What a MyISAM table has stays when a transaction is rolled back.
    must_be(connection_->run_script(
        "CREATE TABLE tries (n INT) ENGINE = MyISAM;"
        "CREATE TRIGGER in_the_way BEFORE INSERT ON imageset FOR EACH ROW"
        " BEGIN INSERT INTO tries VALUES (1);"
        " SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END;"));
    const auto all_are_conflicts = [&] {
        for (const auto& outcome : target_->apply_batch(all)) {
            ASSERT_FALSE(outcome);
            EXPECT_EQ(outcome.error().code, ErrorCode::Conflict);
        }
    };
    all_are_conflicts();
    // Five tries of the batch and of each of its halves, down to the single documents.
    EXPECT_THAT(rows("SELECT COUNT(*) FROM tries"), ElementsAre("75"));
    must_be(connection_->run("DELETE FROM tries"));

    target_ =
        make_mysql_target({.connection = settings, .try_max = std::chrono::milliseconds(0)});
    all_are_conflicts();

    EXPECT_THAT(rows("SELECT COUNT(*) FROM tries"), ElementsAre("1"));
    must_be(connection_->run("DROP TRIGGER in_the_way"));
    for (const auto& outcome : target_->apply_batch(all)) EXPECT_TRUE(outcome);
}

// Rows go in as a file where the server takes one.
TEST_F(MysqlBatchTest, WritesTheSameWhereTheServerTakesNoFilesOfClients) {
    auto all = documents(5);
    const auto& of = wanted_.at(Level::Instance);
    set(all[0].instances[0].values, of, dicom::tags::ContentDescription,
        "tab\there, \\back\nline, 'quote' and \"quotes\", Gr\xc3\xbc\xc3\x9f"
        "e");
    set(all[0].instances[1].values, of, dicom::tags::ContentDescription, "\\N");
    set(all[1].instances[0].values, of, dicom::tags::NumberOfFrames, "99999999999");
    const char* const kText =
        "SELECT sopinstanceuid, HEX(contentdescription), numberofframes FROM instance ORDER BY "
        "1";
    const auto loaded = one_by_one(all);
    for (const auto& outcome : target_->apply_batch(all)) ASSERT_TRUE(outcome);
    const auto texts = rows(kText);
    EXPECT_EQ(texts[0].find("746162096865"), std::string("1.2.0.0.1 ").size());
    empty();

    must_be(connection_->run("SET GLOBAL local_infile = 0"));
    target_ = make_mysql_target({.connection = settings_});
    EXPECT_EQ(one_by_one(all), loaded);
    for (const auto& outcome : target_->apply_batch(all)) ASSERT_TRUE(outcome);
    EXPECT_EQ(rows(kText), texts);
    must_be(connection_->run("SET GLOBAL local_infile = 1"));
}

TEST_F(MysqlBatchTest, SendsRowsOfManyMegabytesPieceByPiece) {
    open(testing::MariadbServer::shared()->make_database());
    must_be(connection_->run("ALTER TABLE instance ADD COLUMN imagecomments MEDIUMTEXT"));
    open(settings_);
    Given given{.instances = {}};
    for (int i = 0; i < 20; ++i) given.instances.push_back("1.2.1.1." + std::to_string(i));
    auto large = document(given);
    for (auto& instance : large.instances) {
        set(instance.values, wanted_.at(Level::Instance), dicom::tags::ImageComments,
            std::string(1'000'000, 'x'));
    }
    const auto files_loaded = [&] {
        const auto found = must_be(connection_->rows("SHOW GLOBAL STATUS LIKE 'Com_load'"));
        return std::stoi(found.at(0).at(1).value());
    };
    const int before = files_loaded();

    must_be(target_->apply(large));

    // 20 MB, of which each is sent when it is of 8 MiB.
    EXPECT_EQ(files_loaded() - before, 3);
    EXPECT_THAT(rows("SELECT COUNT(*), SUM(LENGTH(imagecomments)) FROM instance"),
                ElementsAre("20 20000000"));
}

TEST_F(MysqlBatchTest, GoesOnWhereTheServerTakesNoFilesOfClientsAnyMore) {
    const auto all = documents(3);
    const auto expected = one_by_one(all);
    must_be(connection_->run("SET GLOBAL local_infile = 0"));

    for (const auto& outcome : target_->apply_batch(all)) {
        EXPECT_TRUE(outcome) << outcome.error().message;
    }

    EXPECT_EQ(everything(), expected);
    must_be(connection_->run("SET GLOBAL local_infile = 1"));
}

TEST_F(MysqlBatchTest, LosesAConnectionThatAnswersOtherwiseThanItWasAsked) {
    const auto answered = connection_->run("SELECT 1");
    ASSERT_FALSE(answered);
    EXPECT_EQ(answered.error().code, ErrorCode::Unavailable);
    EXPECT_TRUE(connection_->is_lost());
}

// MariaDB's number of that is above those of lost connections.
TEST_F(MysqlBatchTest, AValueThatAConstraintRefusesIsNoLostConnection) {
    open(testing::MariadbServer::shared()->make_database());
    must_be(connection_->run("ALTER TABLE patient ADD CHECK (patientname <> 'NOBODY')"));
    auto all = documents(3);
    set(all[2].patient, wanted_.at(Level::Patient), dicom::tags::PatientName, "NOBODY");

    const auto outcomes = target_->apply_batch(all);

    EXPECT_TRUE(outcomes[0]);
    EXPECT_TRUE(outcomes[1]);
    ASSERT_FALSE(outcomes[2]);
    EXPECT_EQ(outcomes[2].error().code, ErrorCode::InvalidInput);
}

// Whoever has a server's name can ask a client for any of its files.
TEST_F(MysqlBatchTest, GivesNoFileToAServerThatAsksForOne) {
    const auto refused = connection_->run(
        "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE importjob (sourceprefix)");
    EXPECT_FALSE(refused);
    EXPECT_THAT(rows("SELECT COUNT(*) FROM importjob"), ElementsAre("0"));
}

TEST_F(MysqlBatchTest, MovesStudiesBetweenPatientsAsTheyComeTogether) {
    const std::vector<ImageSetDocument> before = {document({}),
                                                  document({.id = std::string(32, 'b'),
                                                            .sequence = 2,
                                                            .patient_id = "P2",
                                                            .study = "1.2.2",
                                                            .series = "1.2.2.1",
                                                            .instances = {"1.2.2.1.1"}})};
    target_->apply_batch(before);
    // Each becomes the other's, and one of them is gone.
    const std::vector<ImageSetDocument> after = {
        document({.version = 2, .sequence = 5, .patient_id = "P2"}),
        document({.id = std::string(32, 'b'),
                  .version = 2,
                  .sequence = 5,
                  .is_deleted = true,
                  .patient_id = "P2",
                  .study = "",
                  .series = "",
                  .instances = {}})};
    target_->apply_batch(after);
    EXPECT_THAT(rows("SELECT patientid, studyinstanceuid FROM full_study_view"),
                ElementsAre("P2 1.2.1"));
    EXPECT_THAT(rows("SELECT patientid FROM patient"), ElementsAre("P2"));
}

}  // namespace larmor::index::mysql

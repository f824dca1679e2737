// Databases that are not as this version would make them.
#include "base/file.h"
#include "index/mysql/tests/mysql_fixture.h"
#include "jobs/import_events.h"

namespace larmor::index::mysql {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::must_be;

/// Names of keys differ by how they came to be.
constexpr const char* kKeys =
    "SELECT table_name, non_unique, columns FROM (SELECT table_name, index_name, non_unique,"
    " GROUP_CONCAT(column_name ORDER BY seq_in_index) AS columns FROM"
    " information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name,"
    " index_name, non_unique) k ORDER BY 1, 2, 3";
constexpr const char* kColumns =
    "SELECT table_name, ordinal_position, column_name, column_type, is_nullable, "
    "column_default,"
    " collation_name FROM information_schema.columns WHERE table_schema = DATABASE()"
    " ORDER BY 1, 2";

class MysqlUpgradeTest : public testing::MysqlTargetTest {
protected:
    /// A database that somebody else made.
    void connect(const std::string& script) {
        settings_ = testing::MariadbServer::shared()->make_database();
        connection_ = must_be(Connection::open(settings_));
        run_script(script);
        target_ = make_mysql_target({.connection = settings_});
    }
    void run_script(const std::string& script) { must_be(connection_->run_script(script)); }
    static std::string first_schema() {
        return must_be(
            read_file(LARMOR_SOURCE_DIR "/testdata/mysql/first_schema.sql", 1 << 20));
    }
};

}  // namespace

TEST_F(MysqlUpgradeTest, MakesTheTablesOfTheFirstVersionThoseOfThisOne) {
    const auto keys = rows(kKeys);
    const auto columns = rows(kColumns);
    connect(first_schema() +
            "INSERT INTO imagetype (type) VALUES ('AXIAL'), ('AXIAL'), ('PRIMARY');"
            "INSERT INTO importjob (ahijobid, submittedat) VALUES (1, '2026-01-02 03:04:05');");

    wanted_ = must_be(target_->wanted());

    EXPECT_EQ(rows(kKeys), keys);
    EXPECT_EQ(rows(kColumns), columns);
    EXPECT_THAT(rows("SELECT type FROM imagetype ORDER BY 1"), ElementsAre("AXIAL", "PRIMARY"));
    EXPECT_THAT(rows("SELECT ahijobid, submittedat FROM importjob"),
                ElementsAre("1 2026-01-02 03:04:05.000000"));
}

TEST_F(MysqlUpgradeTest, ThenTakesWhatThisVersionWritesAndComparesIt) {
    connect(first_schema());
    wanted_ = must_be(target_->wanted());
    StudyDocuments study{.datastore_id = std::string(32, 'd'),
                         .study_instance_uid = "1.2.1",
                         .image_sets = {document({.labels = {{"ward", "3"}}})},
                         .newest = {.epoch = 1, .sequence = 9}};
    StudyDocuments none = study;
    none.study_instance_uid = "";
    none.image_sets.clear();
    none.import_jobs = {{.datastore_id = study.datastore_id,
                         .id = jobs::to_service_id(jobs::JobId{7}),
                         .source = "s3://in/",
                         .output = {},
                         .submitted = Time(std::chrono::microseconds(1'767'323'045'678'901)),
                         .as_of = {.epoch = 1, .sequence = 1}}};

    EXPECT_EQ(must_be(target_->apply(study.image_sets[0])), Target::Applied::Written);
    must_be(target_->apply_import_job(none.import_jobs[0]));

    EXPECT_THAT(must_be(target_->compare(std::vector{study, none})), IsEmpty());
    EXPECT_THAT(rows("SELECT COUNT(*) FROM frame"), ElementsAre("2"));
}

// Text that compares without case, or by another table's rules, makes one of two patients.
TEST_F(MysqlUpgradeTest, SaysWhichTableComparesTextOtherwiseAndGoesOnWhenItDoesNot) {
    connect(
        "CREATE TABLE issuer (issuer_pkey BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,"
        " issuerofpatientid VARCHAR(64) NOT NULL, description VARCHAR(1024),"
        " UNIQUE KEY (issuerofpatientid)) ENGINE = InnoDB CHARACTER SET utf8mb4"
        " COLLATE utf8mb4_general_ci;");

    const auto refused = target_->wanted();

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(refused.error().message, HasSubstr("utf8mb4_general_ci"));
    const std::string statement =
        "ALTER TABLE issuer CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
    EXPECT_THAT(refused.error().message, HasSubstr(statement));
    run_script(statement + ";");
    wanted_ = must_be(target_->wanted());
    EXPECT_EQ(apply({}), Target::Applied::Written);
}

TEST_F(MysqlUpgradeTest, SaysWhichChangeTheServerRefuses) {
    connect(first_schema() +
            "ALTER TABLE importjob DROP COLUMN submittedat, ADD COLUMN submittedat TEXT;"
            "INSERT INTO importjob (submittedat) VALUES ('last week');");

    const auto refused = target_->wanted();

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
    EXPECT_THAT(refused.error().message,
                HasSubstr("ALTER TABLE importjob MODIFY COLUMN submittedat DATETIME(6)"));
    EXPECT_EQ(refused.error().message.find("last week"), std::string::npos);
}

TEST_F(MysqlUpgradeTest, WaitsForAnotherProcessThatAltersTables) {
    connect("DO 1;");
    must_be(connection_->number("SELECT GET_LOCK('larmor_tables', 0)"));
    settings_.timeout = std::chrono::seconds(1);
    target_ = make_mysql_target({.connection = settings_});
    EXPECT_EQ(target_->wanted().error().code, ErrorCode::Unavailable);

    must_be(connection_->number("SELECT RELEASE_LOCK('larmor_tables')"));
    settings_.timeout = std::chrono::seconds(30);
    target_ = make_mysql_target({.connection = settings_});
    EXPECT_TRUE(target_->wanted());
}

}  // namespace larmor::index::mysql

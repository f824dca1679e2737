#include "index/mysql/mysql_target.h"

#include <random>
#include <thread>

#include "index/mysql/tests/mysql_fixture.h"

namespace larmor::index::mysql {
namespace {

namespace tags = dicom::tags;
using ::testing::ElementsAre;
using testing::Given;
using testing::must_be;
using testing::MysqlTargetTest;

}  // namespace

TEST_F(MysqlTargetTest, WritesEveryLevelAndItsCounts) {
    EXPECT_EQ(apply({}), Target::Applied::Written);

    EXPECT_THAT(rows("SELECT patientid, patientname, studyinstanceuid, studytime, modality,"
                     " numberofstudyrelatedseries, numberofstudyrelatedinstances,"
                     " numberofseriesrelatedinstances FROM full_series_view"),
                ElementsAre("P1 MISTER^CT 1.2.1 07:27:30.500000 CT 1 2 2"));
    EXPECT_THAT(rows("SELECT sopinstanceuid, instancenumber, windowcenter FROM instance"
                     " ORDER BY 1"),
                ElementsAre("1.2.1.1.1 1 00040.0000000000", "1.2.1.1.2 2 00040.0000000000"));
    EXPECT_THAT(rows("SELECT modalitiesinstudy FROM full_study_view"), ElementsAre("CT"));
}

TEST_F(MysqlTargetTest, NeverPutsAnOlderVersionOverANewer) {
    apply({.version = 2, .sequence = 2, .patient_name = "ANON^ANON", .instances = {"1.9"}});

    EXPECT_EQ(apply({.version = 1, .sequence = 1}), Target::Applied::Older);

    EXPECT_THAT(rows("SELECT patientname, numberofseriesrelatedinstances"
                     " FROM full_series_view"),
                ElementsAre("ANON^ANON 1"));
    EXPECT_THAT(rows("SELECT sopinstanceuid FROM instance"), ElementsAre("1.9"));
}

TEST_F(MysqlTargetTest, BeginsAnewAfterARestoreFromABackup) {
    apply({.version = 7, .sequence = 70, .patient_name = "LOST^LATER"});
    auto restored = document({.version = 3, .sequence = 30, .patient_name = "AS^BACKED^UP"});
    restored.as_of.epoch = 2;

    EXPECT_EQ(must_be(target_->apply(restored)), Target::Applied::Written);

    EXPECT_THAT(rows("SELECT patientname FROM patient"), ElementsAre("AS^BACKED^UP"));
}

TEST_F(MysqlTargetTest, RemovesWhatIsDeletedAndWhatItWasTheLastOf) {
    apply({});
    const Given other{.id = std::string(32, 'b'),
                      .sequence = 2,
                      .series = "1.2.1.2",
                      .instances = {"1.2.1.2.1"}};
    apply(other);

    apply({.version = 2, .sequence = 3, .is_deleted = true, .series = "", .instances = {}});
    EXPECT_THAT(rows("SELECT seriesinstanceuid, numberofstudyrelatedseries,"
                     " numberofstudyrelatedinstances FROM full_series_view"),
                ElementsAre("1.2.1.2 1 1"));

    apply({.id = other.id,
           .version = 2,
           .sequence = 4,
           .is_deleted = true,
           .study = "",
           .series = "",
           .instances = {}});
    EXPECT_THAT(everything(), ElementsAre());
    EXPECT_EQ(apply(other), Target::Applied::Older);
    EXPECT_THAT(everything(), ElementsAre());
}

TEST_F(MysqlTargetTest, ShowsConflictsAndLeavesTheirInstancesOut) {
    apply({});
    apply({.id = std::string(32, 'c'),
           .sequence = 2,
           .is_primary = false,
           .instances = {"1.2.1.1.1"}});

    EXPECT_THAT(rows("SELECT s.seriesinstanceuid, m.imagesetid FROM conflict c JOIN imageset m"
                     " USING (imageset_pkey) JOIN series s ON s.series_pkey = c.series_pkey"),
                ElementsAre("1.2.1.1 " + std::string(32, 'c')));
    EXPECT_THAT(rows("SELECT COUNT(*) FROM instance"), ElementsAre("2"));
    EXPECT_THAT(rows("SELECT numberofseriesrelatedinstances FROM series"), ElementsAre("2"));
}

// The sample's handler inserts another row each time that such a pair is processed, and keeps
// it when one of the two is gone.
TEST_F(MysqlTargetTest, AConflictIsOneRowHoweverOftenItComesAndGoesWithItsImageSet) {
    apply({});
    const Given conflict{.id = std::string(32, 'c'),
                         .sequence = 2,
                         .is_primary = false,
                         .instances = {"1.2.1.1.1"}};
    for (int times = 0; times < 3; ++times) apply(conflict);
    EXPECT_THAT(rows("SELECT COUNT(*) FROM conflict"), ElementsAre("1"));

    apply({.id = conflict.id,
           .version = 2,
           .sequence = 3,
           .is_deleted = true,
           .is_primary = false,
           .instances = {}});
    EXPECT_THAT(rows("SELECT COUNT(*) FROM conflict"), ElementsAre("0"));
    EXPECT_THAT(rows("SELECT COUNT(*) FROM instance"), ElementsAre("2"));
}

TEST_F(MysqlTargetTest, MovesAStudyToTheRightPatient) {
    apply({});
    apply({.version = 2, .sequence = 2, .patient_id = "P2"});
    EXPECT_THAT(rows("SELECT patientid FROM patient"), ElementsAre("P2"));

    EXPECT_EQ(apply({.id = std::string(32, 'b'),
                     .sequence = 1,
                     .patient_id = "P1",
                     .series = "1.2.1.2",
                     .instances = {"1.2.1.2.1"}}),
              Target::Applied::Written);
    EXPECT_THAT(rows("SELECT patientid FROM patient"), ElementsAre("P2"));
}

TEST_F(MysqlTargetTest, CutsWhatIsTooLongAndKeepsTheRow) {
    const std::string name(200, 'N');
    apply({.patient_name = name});
    EXPECT_THAT(rows("SELECT patientname FROM patient"), ElementsAre(std::string(64, 'N')));
    EXPECT_THAT(rows("SELECT COUNT(*) FROM instance"), ElementsAre("2"));
}

TEST_F(MysqlTargetTest, KeepsPatientsApartWhoseIdsAreTooLongForTheirColumn) {
    const std::string id(80, 'P');
    apply({.patient_id = id + "1"});
    apply({.id = std::string(32, 'b'),
           .sequence = 2,
           .patient_id = id + "2",
           .study = "1.2.2",
           .series = "1.2.2.1",
           .instances = {"1.2.2.1.1"}});
    EXPECT_THAT(rows("SELECT COUNT(DISTINCT patientid), MAX(CHAR_LENGTH(patientid)) <= 64,"
                     " MIN(LEFT(patientid, 30)) FROM patient"),
                ElementsAre("2 1 " + std::string(30, 'P')));
    EXPECT_THAT(rows("SELECT COUNT(*) FROM instance"), ElementsAre("3"));
}

TEST_F(MysqlTargetTest, TakesTextThatLooksLikeSqlAsText) {
    const std::string name = "O'Neil\\^x'); DROP TABLE patient; --";
    apply({.patient_name = name});
    EXPECT_THAT(rows("SELECT patientname FROM patient"), ElementsAre(name));
}

TEST_F(MysqlTargetTest, FillsAColumnThatIsNamedAfterAKeyword) {
    open(testing::MariadbServer::shared()->make_database());
    apply({});
    must_be(connection_->run("ALTER TABLE instance ADD COLUMN slicelocation DOUBLE"));
    open(settings_);

    auto changed = document({.version = 2, .sequence = 2});
    set(changed.instances[0].values, wanted_.at(Level::Instance), tags::SliceLocation, "-77.2");
    must_be(target_->apply(changed));

    EXPECT_THAT(rows("SELECT slicelocation FROM instance ORDER BY sopinstanceuid"),
                ElementsAre("-77.2", "NULL"));
}

TEST_F(MysqlTargetTest, RefusesADocumentWithoutAColumnThatCameSince) {
    open(testing::MariadbServer::shared()->make_database());
    const auto before = document({});
    must_be(connection_->run("ALTER TABLE patient ADD COLUMN patientsize DOUBLE"));
    open(settings_);

    const auto applied = target_->apply(before);
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, ErrorCode::Conflict);
}

TEST_F(MysqlTargetTest, RefusesOneDocumentWithoutHarmToOthers) {
    auto poison = document({.study = std::string(100, '1')});
    const auto applied = target_->apply(poison);
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(applied.error().message.find("1111"), std::string::npos);
    EXPECT_THAT(everything(), ElementsAre());

    EXPECT_EQ(apply({}), Target::Applied::Written);
}

TEST_F(MysqlTargetTest, EndsEqualWhateverTheOrder) {
    const auto changes = testing::history();
    for (const auto& given : changes) apply(given);
    const auto expected = everything();
    ASSERT_EQ(expected.size(), 2 + 1 + 3 + 0 + 1 + 3 + 0 + 4 + 0);

    for (unsigned seed = 1; seed <= 40; ++seed) {
        empty();
        std::vector<Given> delivered = changes;
        delivered.insert(delivered.end(), changes.begin(), changes.begin() + seed % 6);
        std::shuffle(delivered.begin(), delivered.end(), std::minstd_rand(seed));
        for (const auto& given : delivered) apply(given);
        EXPECT_EQ(everything(), expected) << "seed " << seed;
    }
}

TEST_F(MysqlTargetTest, CountsRightWhenManyWriteAtOnce) {
    constexpr int kSets = 24;
    std::vector<std::thread> threads;
    std::atomic<int> next = 0;
    for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&] {
            for (int n = next++; n < kSets; n = next++) {
                const std::string uid = "1.2." + std::to_string(n % 3);
                const Given given{.id = std::to_string(n) + std::string(30, 'x'),
                                  .sequence = n + 1,
                                  .study = uid,
                                  .series = uid + "." + std::to_string(n),
                                  .instances = {uid + "." + std::to_string(n) + ".1"}};
                // As a worker does: what is in the way of others comes again.
                for (;;) {
                    const auto applied = target_->apply(document(given));
                    if (applied) break;
                    EXPECT_EQ(applied.error().code, ErrorCode::Conflict);
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();

    EXPECT_THAT(rows("SELECT numberofstudyrelatedseries, numberofstudyrelatedinstances"
                     " FROM study"),
                ElementsAre("8 8", "8 8", "8 8"));
}

TEST_F(MysqlTargetTest, GoesOnWhenTheServerIsBack) {
    apply({});
    auto& server = *testing::MariadbServer::shared();
    server.kill();
    const auto down = target_->apply(document({.version = 2, .sequence = 2}));
    ASSERT_FALSE(down);
    EXPECT_EQ(down.error().code, ErrorCode::Unavailable);

    server.start();
    EXPECT_EQ(apply({.version = 2, .sequence = 2, .patient_name = "BACK^AGAIN"}),
              Target::Applied::Written);
    connection_ = must_be(Connection::open(settings_));
    EXPECT_THAT(rows("SELECT patientname FROM patient"), ElementsAre("BACK^AGAIN"));
}

TEST_F(MysqlTargetTest, MakesATableAgainThatSomebodyDroppedAndTakesTheDocumentThen) {
    open(testing::MariadbServer::shared()->make_database());
    apply({});
    must_be(connection_->run("DROP TABLE frame"));
    const auto changed = document({.version = 2, .sequence = 2});

    const auto refused = target_->apply(changed);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
    must_be(target_->wanted());
    EXPECT_EQ(must_be(target_->apply(changed)), Target::Applied::Written);
    EXPECT_THAT(rows("SELECT COUNT(*) FROM frame"), ElementsAre("2"));
}

TEST_F(MysqlTargetTest, FindsOutAtOnceThatAColumnIsGone) {
    open(testing::MariadbServer::shared()->make_database());
    const auto before = document({});
    must_be(connection_->run("ALTER TABLE instance DROP COLUMN windowwidth"));

    const auto refused = target_->apply(before);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
    wanted_ = must_be(target_->wanted());
    EXPECT_EQ(std::ranges::count(wanted_.at(Level::Instance), tags::WindowWidth), 0);
    EXPECT_EQ(apply({}), Target::Applied::Written);
}

TEST_F(MysqlTargetTest, SaysBeforeItIsGivenADocumentThatItMayNotWriteIt) {
    open(testing::MariadbServer::shared()->make_database());
    const auto grant = [&](const std::string& what) {
        must_be(connection_->run_script("CREATE OR REPLACE USER writer@localhost; GRANT " +
                                        what + " ON " + settings_.database +
                                        ".* TO writer@localhost;"));
    };
    settings_.user = "writer";
    for (const char* const lacking :
         {"SELECT", "SELECT, INSERT, UPDATE, DELETE", "ALL", "CREATE, DROP, CREATE VIEW"}) {
        grant(lacking);
        target_ = make_mysql_target({.connection = settings_});
        const auto wanted = target_->wanted();
        EXPECT_EQ(wanted.has_value(), std::string(lacking) == "ALL") << lacking;
        if (!wanted) {
            EXPECT_EQ(wanted.error().code, ErrorCode::Denied) << lacking;
        }
    }
    // All but the right to remove rows, which not every document needs.
    grant(
        "SELECT, INSERT, UPDATE, CREATE, CREATE VIEW, SHOW VIEW, DROP, REFERENCES, INDEX,"
        " ALTER");
    target_ = make_mysql_target({.connection = settings_});
    ASSERT_FALSE(target_->wanted());
    grant("ALL");
    EXPECT_TRUE(target_->wanted());
}

TEST(MysqlUrl, SaysWhereTheServerIs) {
    const auto url = parse_mysql_url("mysql://ahi@db.example:3307/index?tls=required");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->user, "ahi");
    EXPECT_EQ(url->host, "db.example");
    EXPECT_EQ(url->port, 3307);
    EXPECT_EQ(url->database, "index");
    EXPECT_TRUE(url->tls_required);
    const auto socket = parse_mysql_url("mysql://root@/?socket=/run/my%20sql.sock");
    ASSERT_TRUE(socket);
    EXPECT_EQ(socket->socket, "/run/my sql.sock");
    EXPECT_EQ(socket->database, "ahiindex");
    EXPECT_FALSE(parse_mysql_url("mysql://ahi:secret@host/"));
    EXPECT_FALSE(parse_mysql_url("mysql://host:port/"));
    EXPECT_FALSE(parse_mysql_url("mysql:///ahiindex"));
    EXPECT_FALSE(parse_mysql_url("mysql://host/?ssl=1"));
}

}  // namespace larmor::index::mysql

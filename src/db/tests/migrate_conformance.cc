#include "db/tests/each_driver.h"

namespace larmor::db {
namespace {

using testing::count;
using testing::must;

class MigrateConformance : public testing::EachDriver {};

/// One text that both take.
constexpr Migration both(std::string_view name, std::string_view sql) {
    return {name, sql, sql};
}
constexpr Migration kFirst = both("20260101T000000_a_first",
                                  "CREATE TABLE a (x INTEGER);"
                                  "INSERT INTO a VALUES (1);");
constexpr Migration kOther = both("20260102T000000_b_first", "CREATE TABLE b (x INTEGER)");
constexpr Migration kSecond =
    both("20260103T000000_a_second", "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7");

TEST_P(MigrateConformance, RunsEachStepOnceAndInOrderOverAllModules) {
    const auto database = library_.open();
    const std::array old_a{kFirst};
    const std::array b{kOther};
    const std::array new_a{kFirst, kSecond};

    const std::array older{MigrationSet{"a", old_a}, MigrationSet{"b", b}};
    must(database->migrate(older));
    must(database->migrate(older));
    EXPECT_EQ(count(*database, "SELECT count(*) FROM a"), 1);

    const std::array newer{MigrationSet{"b", b}, MigrationSet{"a", new_a}};
    must(database->migrate(newer));
    EXPECT_EQ(count(*database, "SELECT y FROM a"), 7);
    EXPECT_EQ(count(*database, "SELECT count(*) FROM schema_migrations"), 3);
}

TEST_P(MigrateConformance, RefusesALibraryOfANewerVersion) {
    const auto database = library_.open();
    const std::array new_a{kFirst, kSecond};
    must(database->migrate(std::array{MigrationSet{"a", new_a}}));

    const std::array old_a{kFirst};
    const auto refused = database->migrate(std::array{MigrationSet{"a", old_a}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_NE(refused.error().message.find("newer version"), std::string::npos);
    EXPECT_NE(refused.error().message.find("20260103T000000_a_second"), std::string::npos);
}

TEST_P(MigrateConformance, RefusesAStepThatWasEditedLater) {
    const auto database = library_.open();
    const std::array a{kFirst};
    must(database->migrate(std::array{MigrationSet{"a", a}}));

    const std::array edited{both(kFirst.name, "CREATE TABLE a (z INTEGER)")};
    const auto refused = database->migrate(std::array{MigrationSet{"a", edited}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
}

TEST_P(MigrateConformance, LeavesNothingOfAStepThatFails) {
    const auto database = library_.open();
    const std::array broken{both("20260101T000000_a_broken",
                                 "CREATE TABLE half (x INTEGER); CREATE TABEL oops (x)")};
    const auto failed = database->migrate(std::array{MigrationSet{"a", broken}});
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("20260101T000000_a_broken"), std::string::npos);
    EXPECT_FALSE(database->read([](Snapshot& snapshot) -> Result<void> {
        TRY_VOID(snapshot.run("SELECT x FROM half"));
        return {};
    }));
    EXPECT_EQ(count(*database, "SELECT count(*) FROM schema_migrations"), 0);
}

LARMOR_EACH_DRIVER(MigrateConformance);

}  // namespace
}  // namespace larmor::db

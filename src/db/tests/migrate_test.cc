#include <gtest/gtest.h>

#include "db/tests/temp_library.h"

namespace larmor::db {
namespace {

using testing::count;
using testing::must;
using testing::TempDirectory;

constexpr Migration kFirst{"20260101T000000_a_first",
                           "CREATE TABLE a (x INTEGER);"
                           "INSERT INTO a VALUES (1);"};
constexpr Migration kOther{"20260102T000000_b_first", "CREATE TABLE b (x INTEGER)"};
constexpr Migration kSecond{"20260103T000000_a_second",
                            "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7"};

TEST(Migrate, RunsEachStepOnceAndInOrderOverAllModules) {
    const TempDirectory directory;
    const auto database = must(sqlite::open_sqlite({.path = directory.path() / "l.db"}));
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

TEST(Migrate, RefusesALibraryOfANewerVersion) {
    const TempDirectory directory;
    const auto database = must(sqlite::open_sqlite({.path = directory.path() / "l.db"}));
    const std::array new_a{kFirst, kSecond};
    must(database->migrate(std::array{MigrationSet{"a", new_a}}));

    const std::array old_a{kFirst};
    const auto refused = database->migrate(std::array{MigrationSet{"a", old_a}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_NE(refused.error().message.find("newer version"), std::string::npos);
    EXPECT_NE(refused.error().message.find("20260103T000000_a_second"), std::string::npos);
}

TEST(Migrate, RefusesAStepThatWasEditedLater) {
    const TempDirectory directory;
    const auto database = must(sqlite::open_sqlite({.path = directory.path() / "l.db"}));
    const std::array a{kFirst};
    must(database->migrate(std::array{MigrationSet{"a", a}}));

    const std::array edited{Migration{kFirst.name, "CREATE TABLE a (z INTEGER)"}};
    const auto refused = database->migrate(std::array{MigrationSet{"a", edited}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
}

TEST(Migrate, LeavesNothingOfAStepThatFails) {
    const TempDirectory directory;
    const auto database = must(sqlite::open_sqlite({.path = directory.path() / "l.db"}));
    const std::array broken{Migration{"20260101T000000_a_broken",
                                      "CREATE TABLE half (x INTEGER); CREATE TABEL oops (x)"}};
    const auto failed = database->migrate(std::array{MigrationSet{"a", broken}});
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("20260101T000000_a_broken"), std::string::npos);
    EXPECT_EQ(count(*database, "SELECT count(*) FROM sqlite_master WHERE name = 'half'"), 0);
    EXPECT_EQ(count(*database, "SELECT count(*) FROM schema_migrations"), 0);
}

}  // namespace
}  // namespace larmor::db

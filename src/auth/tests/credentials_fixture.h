#pragma once
#include <filesystem>
#include <memory>

#include "auth/credentials.h"
#include "base/ids.h"
#include "db/sqlite/sqlite_database.h"

namespace larmor::auth {

/// Credentials over a real library file in a folder of its own.
struct CredentialsFixture : testing::Test {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("larmor-auth-" + random_id());
    ManualClock clock{Time(std::chrono::days(20000))};
    std::unique_ptr<db::sqlite::SqliteDatabase> database;
    std::unique_ptr<Credentials> credentials;

    void SetUp() override { open(); }
    void TearDown() override {
        credentials.reset();
        database.reset();
        std::filesystem::remove_all(folder);
    }

    /// As after a restart of the process.
    void open() {
        credentials.reset();
        database.reset();
        auto opened = db::sqlite::open_sqlite({.path = folder / "library.db"});
        ASSERT_TRUE(opened) << opened.error().message;
        database = *std::move(opened);
        const db::MigrationSet sets[] = {migrations()};
        const auto migrated = database->migrate(sets);
        ASSERT_TRUE(migrated) << migrated.error().message;
        auto made = Credentials::open(*database, clock);
        ASSERT_TRUE(made) << made.error().message;
        credentials = *std::move(made);
    }

    Issued issue(Role role = Role::Reader,
                 std::chrono::seconds lifetime = std::chrono::hours(1), Kind kind = Kind::Token,
                 std::string parent = {}) {
        auto issued = credentials->issue_and_wait({.kind = kind,
                                                   .name = "ward 3",
                                                   .role = role,
                                                   .lifetime = lifetime,
                                                   .parent_id = std::move(parent)});
        EXPECT_TRUE(issued) << issued.error().message;
        return *std::move(issued);
    }
};

}  // namespace larmor::auth

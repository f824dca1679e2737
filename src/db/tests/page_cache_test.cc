#include "db/sqlite/page_cache.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <random>

#include "db/tests/temp_library.h"

namespace larmor::db {
namespace {

using testing::must;
using testing::TempDirectory;

sqlite3_pcache_methods2 sqlites_own;
int walks = 0;

/// SQLite's own cache, where it looks at its pages for some to be dropped.
void count_walk(sqlite3_pcache* cache, unsigned limit) {
    ++walks;
    sqlites_own.xTruncate(cache, limit);
}

class PageCache : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &sqlites_own), SQLITE_OK);
        sqlite3_pcache_methods2 counting = sqlites_own;
        counting.xTruncate = count_walk;
        ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_PCACHE2, &counting), SQLITE_OK);
    }
    TempDirectory directory_;
};

/// Rows of all sizes that come and go, so that pages are split, joined and freed.
template <typename Run>
void change_rows(int rounds, Run run) {
    std::mt19937 random(7);
    for (int i = 0; i < rounds; ++i) {
        run("INSERT OR REPLACE INTO things VALUES (" + std::to_string(random() % 2000) +
            ", zeroblob(" + std::to_string(random() % 3000) + "))");
        run("DELETE FROM things WHERE id = " + std::to_string(random() % 2000));
    }
}

TEST_F(PageCache, NoCommitThatBalancesPagesWalksOverAllOfThem) {
    const auto database = must(sqlite::open_sqlite({.path = directory_.path() / "library.db"}));
    const auto run = [&](const std::string& sql) {
        must(database->write_and_wait([&](Transaction& tx) { return tx.run_script(sql); }));
    };
    run("CREATE TABLE things (id INTEGER PRIMARY KEY, body BLOB)");
    walks = 0;
    std::string together;
    change_rows(2000, [&](const std::string& sql) {
        together += sql + ";";
        if (together.size() < 2000) return;  // some 40 statements a commit
        run(together);
        together.clear();
    });
    EXPECT_EQ(walks, 0);
}

TEST_F(PageCache, PagesBehindTheEndAreDroppedWhereADatabaseBecomesSmaller) {
    must(sqlite::open_sqlite({.path = directory_.path() / "library.db"}));  // sets it up
    sqlite3* handle = nullptr;
    const auto path = directory_.path() / "other.db";
    ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
    const auto run = [&](const std::string& sql) {
        ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
            << sqlite3_errmsg(handle);
    };
    run("PRAGMA auto_vacuum=FULL; PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY;"
        "CREATE TABLE things (id INTEGER PRIMARY KEY, body BLOB)");
    walks = 0;
    change_rows(500, run);
    EXPECT_GT(walks, 0);
    run("DELETE FROM things WHERE id % 3 = 0; BEGIN");
    change_rows(50, run);
    run("ROLLBACK");
    change_rows(200, run);

    sqlite3_stmt* check = nullptr;
    sqlite3_prepare_v2(handle, "PRAGMA integrity_check", -1, &check, nullptr);
    ASSERT_EQ(sqlite3_step(check), SQLITE_ROW);
    EXPECT_STREQ(reinterpret_cast<const char*>(sqlite3_column_text(check, 0)), "ok");
    sqlite3_finalize(check);
    sqlite3_close(handle);
}

TEST(WriterCache, GrowsWithTheMemoryOfTheMachineWithinBounds) {
    const auto gib = [](std::uint64_t count) { return count << 30; };
    EXPECT_EQ(sqlite::writer_cache_bytes(gib(1)), gib(1) / 8);
    EXPECT_EQ(sqlite::writer_cache_bytes(gib(4)), gib(1) / 8);
    EXPECT_EQ(sqlite::writer_cache_bytes(gib(24)), gib(3) / 4);
    EXPECT_EQ(sqlite::writer_cache_bytes(gib(512)), gib(1));
}

}  // namespace
}  // namespace larmor::db

#include <gtest/gtest.h>

#include "db/tests/temp_library.h"

namespace larmor::db {
namespace {

using testing::must;
using testing::TempDirectory;

class StatementTest : public ::testing::Test {
protected:
    StatementTest()
        : database_(must(sqlite::open_sqlite({.path = directory_.path() / "l.db"}))) {
        must(database_->write_and_wait([](Transaction& tx) {
            return tx.run_script(
                "CREATE TABLE t (id INTEGER PRIMARY KEY, i INTEGER, r REAL, s TEXT, b BLOB);"
                "CREATE TABLE child (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t (id))");
        }));
    }
    TempDirectory directory_;
    std::unique_ptr<sqlite::SqliteDatabase> database_;
};

TEST_F(StatementTest, GivesBackWhatWasBoundIncludingEmptyAndNull) {
    const std::string text("a\0b", 3);
    const ByteBuffer bytes{std::byte{0}, std::byte{0xff}};
    must(database_->write_and_wait([&](Transaction& tx) -> Result<void> {
        TRY(Query query, tx.prepare("INSERT INTO t (i, r, s, b) VALUES (?1, ?2, ?3, ?4)"));
        TRY_VOID(query.bind(std::numeric_limits<std::int64_t>::min(), 0.5, text, Bytes(bytes))
                     .insert());
        TRY_VOID(query.bind(std::optional<std::int64_t>(), nullptr, std::string_view(), Bytes())
                     .insert());
        return {};
    }));
    must(database_->read([&](Snapshot& snapshot) -> Result<void> {
        TRY(Query query, snapshot.prepare("SELECT i, r, s, b FROM t ORDER BY id"));
        EXPECT_TRUE(must(query.next()));
        EXPECT_EQ(query.int64(0), std::numeric_limits<std::int64_t>::min());
        EXPECT_EQ(query.real(1), 0.5);
        EXPECT_EQ(query.text(2), text);
        EXPECT_TRUE(std::ranges::equal(query.blob(3), bytes));
        EXPECT_TRUE(must(query.next()));
        EXPECT_EQ(query.optional_int64(0), std::nullopt);
        EXPECT_EQ(query.optional_real(1), std::nullopt);
        EXPECT_FALSE(query.is_null(2)) << "an empty text is not NULL";
        EXPECT_EQ(query.text(2), "");
        EXPECT_FALSE(query.is_null(3));
        EXPECT_FALSE(must(query.next()));
        return {};
    }));
}

TEST_F(StatementTest, OneTextCanBeInUseTwiceAtATime) {
    must(database_->write_and_wait([](Transaction& tx) -> Result<void> {
        for (int i = 0; i < 3; ++i) TRY_VOID(tx.run("INSERT INTO t (i) VALUES (?1)", i));
        int pairs = 0;
        TRY(Query outer, tx.prepare("SELECT i FROM t"));
        while (must(outer.next())) {
            TRY(Query inner, tx.prepare("SELECT i FROM t"));
            while (must(inner.next())) ++pairs;
        }
        EXPECT_EQ(pairs, 9);
        return {};
    }));
}

TEST_F(StatementTest, ForgetsBoundValuesBetweenUses) {
    must(database_->write_and_wait([](Transaction& tx) -> Result<void> {
        TRY_VOID(tx.run("INSERT INTO t (s) VALUES (?1)", "first"));
        TRY_VOID(tx.run("INSERT INTO t (s) VALUES (?1)"));
        TRY(Query query, tx.prepare("SELECT count(*) FROM t WHERE s IS NULL"));
        EXPECT_TRUE(must(query.next()));
        EXPECT_EQ(query.int64(0), 1);
        return {};
    }));
}

TEST_F(StatementTest, EnforcesForeignKeys) {
    const auto outcome = database_->write_and_wait([](Transaction& tx) -> Result<void> {
        TRY_VOID(tx.run("INSERT INTO child (t) VALUES (999)"));
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::Conflict);
}

TEST_F(StatementTest, NamesAMistakeInOurSqlWithoutTheValues) {
    const auto outcome = database_->write_and_wait([](Transaction& tx) -> Result<void> {
        TRY_VOID(tx.run("INSERT INTO no_such_table VALUES (?1)", "Doe^Jane"));
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::InvalidInput);
    EXPECT_NE(outcome.error().message.find("no_such_table"), std::string::npos);
    EXPECT_EQ(outcome.error().message.find("Doe"), std::string::npos);
}

TEST_F(StatementTest, MatchesLikeWithRegardToCase) {
    must(database_->read([](Snapshot& snapshot) -> Result<void> {
        TRY(Query query, snapshot.prepare("SELECT 'ABC' LIKE 'a%', 'ABC' LIKE 'A%'"));
        EXPECT_TRUE(must(query.next()));
        EXPECT_EQ(query.int64(0), 0);
        EXPECT_EQ(query.int64(1), 1);
        return {};
    }));
}

}  // namespace
}  // namespace larmor::db

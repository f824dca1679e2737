#include <algorithm>
#include <limits>

#include "db/tests/each_driver.h"

namespace larmor::db {
namespace {

using testing::must;

class StatementConformance : public testing::EachDriver {
protected:
    void SetUp() override {
        EachDriver::SetUp();
        if (IsSkipped()) return;
        database_ = library_.open();
        const bool sqlite = GetParam() == Dialect::Sqlite;
        const std::string integer = sqlite ? "INTEGER" : "BIGINT";
        must(database_->write_and_wait([&](Transaction& tx) {
            return tx.run_script("CREATE TABLE t (" + id_column() + ", i " + integer + ", r " +
                                 (sqlite ? "REAL" : "DOUBLE PRECISION") + ", s TEXT, b " +
                                 (sqlite ? "BLOB" : "BYTEA") + "); CREATE TABLE child (" +
                                 id_column() + ", t " + integer + " REFERENCES t (id))");
        }));
    }
    std::unique_ptr<Database> database_;
};

TEST_P(StatementConformance, GivesBackWhatWasBoundIncludingEmptyAndNull) {
    const std::string text("Müller^\u5c71\u7530 '\"?1");
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

TEST_P(StatementConformance, OneTextCanBeInUseTwiceAtATime) {
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

TEST_P(StatementConformance, ForgetsBoundValuesBetweenUses) {
    must(database_->write_and_wait([](Transaction& tx) -> Result<void> {
        TRY_VOID(tx.run("INSERT INTO t (s) VALUES (?1)", "first"));
        TRY_VOID(tx.run("INSERT INTO t (s) VALUES (?1)"));
        TRY(Query query, tx.prepare("SELECT count(*) FROM t WHERE s IS NULL"));
        EXPECT_TRUE(must(query.next()));
        EXPECT_EQ(query.int64(0), 1);
        return {};
    }));
}

TEST_P(StatementConformance, EnforcesForeignKeys) {
    const auto outcome = database_->write_and_wait([](Transaction& tx) -> Result<void> {
        TRY_VOID(tx.run("INSERT INTO child (t) VALUES (999)"));
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::Conflict);
}

TEST_P(StatementConformance, NamesAMistakeInOurSqlWithoutTheValues) {
    const auto outcome = database_->write_and_wait([](Transaction& tx) -> Result<void> {
        TRY_VOID(tx.run("INSERT INTO no_such_table VALUES (?1)", "Doe^Jane"));
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::InvalidInput);
    EXPECT_NE(outcome.error().message.find("no_such_table"), std::string::npos);
    EXPECT_EQ(outcome.error().message.find("Doe"), std::string::npos);
}

TEST_P(StatementConformance, MatchesLikeWithRegardToCase) {
    must(database_->read([](Snapshot& snapshot) -> Result<void> {
        TRY(Query query, snapshot.prepare("SELECT 'ABC' LIKE 'a%', 'ABC' LIKE 'A%'"));
        EXPECT_TRUE(must(query.next()));
        EXPECT_EQ(query.int64(0), 0);
        EXPECT_EQ(query.int64(1), 1);
        return {};
    }));
}

TEST_P(StatementConformance, GivesTheIdOfWhatWasInsertedAndTheRowsThatChanged) {
    must(database_->write_and_wait([](Transaction& tx) -> Result<void> {
        TRY(Query query, tx.prepare("INSERT INTO t (i) VALUES (?1)"));
        TRY(const auto first, query.bind(1).insert());
        TRY(const auto second, query.bind(2).insert());
        EXPECT_GT(second, first);
        EXPECT_EQ(must(tx.run("UPDATE t SET i = i + 1 WHERE id >= ?1", first)), 2);
        EXPECT_EQ(must(tx.run("DELETE FROM t WHERE id = ?1", first)), 1);
        EXPECT_EQ(must(tx.run("DELETE FROM t WHERE id = ?1", first)), 0);
        return {};
    }));
}

TEST_P(StatementConformance, ReadsWhatExpressionsGive) {
    must(database_->write_and_wait([](Transaction& tx) -> Result<void> {
        for (const std::int64_t i : {3'000'000'000LL, -1LL, 70'000LL}) {
            TRY_VOID(tx.run("INSERT INTO t (i, r) VALUES (?1, ?2)", i, 0.25));
        }
        TRY(Query query,
            tx.prepare("SELECT count(*), sum(i), max(i), sum(r), avg(r), 1 + 1, i > 0,"
                       " EXISTS (SELECT 1 FROM t), length('abc'), 0.5, sum(i) IS NULL"
                       " FROM t GROUP BY 7 ORDER BY 1"));
        EXPECT_TRUE(must(query.next()));
        EXPECT_EQ(query.int64(1), -1);
        EXPECT_EQ(query.int64(6), 0);
        EXPECT_TRUE(must(query.next()));
        EXPECT_EQ(query.int64(0), 2);
        EXPECT_EQ(query.int64(1), 3'000'070'000LL);
        EXPECT_EQ(query.int64(2), 3'000'000'000LL);
        EXPECT_EQ(query.real(3), 0.5);
        EXPECT_EQ(query.real(4), 0.25);
        EXPECT_EQ(query.int64(5), 2);
        EXPECT_EQ(query.int64(6), 1);
        EXPECT_EQ(query.int64(7), 1);
        EXPECT_EQ(query.int64(8), 3);
        EXPECT_EQ(query.real(9), 0.5);
        EXPECT_EQ(query.int64(10), 0);
        EXPECT_FALSE(must(query.next()));
        return {};
    }));
}

TEST_P(StatementConformance, TakesAParameterTwiceAndNoneInTextsAndComments) {
    must(database_->read([](Snapshot& snapshot) -> Result<void> {
        TRY(Query query, snapshot.prepare("SELECT '?2', \"q\".x -- ?3 is none\n"
                                          ", ?1 FROM (SELECT 1 AS x) AS \"q\" WHERE ?1 = 'v'"));
        query.bind("v");
        EXPECT_TRUE(must(query.next()));
        EXPECT_EQ(query.text(0), "?2");
        EXPECT_EQ(query.text(2), "v");
        return {};
    }));
}

TEST_P(StatementConformance, KeepsALargeBlobAndManyTexts) {
    const ByteBuffer bytes(5'000'000, std::byte{0xa5});
    must(database_->write_and_wait([&](Transaction& tx) -> Result<void> {
        TRY_VOID(tx.run("INSERT INTO t (b) VALUES (?1)", Bytes(bytes)));
        // More texts than a connection keeps prepared.
        for (int i = 0; i < 700; ++i) {
            TRY_VOID(tx.run("INSERT INTO t (i) VALUES (" + std::to_string(i) + ")"));
        }
        return {};
    }));
    must(database_->read([&](Snapshot& snapshot) -> Result<void> {
        TRY(Query query, snapshot.prepare("SELECT b FROM t WHERE b IS NOT NULL"));
        EXPECT_TRUE(must(query.next()));
        EXPECT_TRUE(std::ranges::equal(query.blob(0), bytes));
        return {};
    }));
    EXPECT_EQ(testing::count(*database_, "SELECT count(*) FROM t"), 701);
}

LARMOR_EACH_DRIVER(StatementConformance);

}  // namespace
}  // namespace larmor::db

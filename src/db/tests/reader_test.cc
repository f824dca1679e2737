#include <gtest/gtest.h>

#include "db/tests/temp_library.h"

namespace larmor::db {
namespace {

using namespace std::chrono_literals;
using testing::count;
using testing::must;
using testing::TempDirectory;

class Reader : public ::testing::Test {
protected:
    void open(sqlite::SqliteOptions options = {}) {
        options.path = directory_.path() / "library.db";
        database_ = must(sqlite::open_sqlite(options));
        must(database_->write_and_wait([](Transaction& tx) {
            return tx.run_script("CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1)");
        }));
    }
    TempDirectory directory_;
    std::unique_ptr<sqlite::SqliteDatabase> database_;
};

Result<std::int64_t> first_number(Snapshot& snapshot, std::string_view sql) {
    TRY(Query query, snapshot.prepare(sql));
    TRY(const bool row, query.next());
    return row ? query.int64(0) : -1;
}

TEST_F(Reader, SeesOneStateWhileWritesGoOn) {
    open();
    const auto seen =
        must(database_->read([&](Snapshot& snapshot) -> Result<std::pair<int, int>> {
            TRY(const auto before, first_number(snapshot, "SELECT count(*) FROM t"));
            must(database_->write_and_wait([](Transaction& tx) -> Result<void> {
                TRY_VOID(tx.run("INSERT INTO t VALUES (2)"));
                return {};
            }));
            TRY(const auto after, first_number(snapshot, "SELECT count(*) FROM t"));
            return std::pair(static_cast<int>(before), static_cast<int>(after));
        }));
    EXPECT_EQ(seen, std::pair(1, 1));
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM t"), 2);
}

TEST_F(Reader, CanNotWrite) {
    open();
    const auto outcome = database_->read([](Snapshot& snapshot) -> Result<void> {
        TRY_VOID(snapshot.run("INSERT INTO t VALUES (2)"));
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::NoSpace);
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM t"), 1);
}

TEST_F(Reader, IsInterruptedWhenItHoldsItsSnapshotTooLong) {
    open({.read_limit = 50ms});
    const auto start = std::chrono::steady_clock::now();
    const auto outcome = database_->read([](Snapshot& snapshot) {
        return first_number(snapshot,
                            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                            " SELECT count(*) FROM n");  // never ends on its own
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::Unavailable);
    EXPECT_NE(outcome.error().message.find("longer than its limit"), std::string::npos);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM t"), 1) << "the connection is fine again";
}

TEST_F(Reader, WaitsForAFreeConnectionOnlySoLong) {
    open({.readers = 1, .reader_wait = 20ms});
    must(database_->read([&](Snapshot&) -> Result<void> {
        const auto second = database_->read([](Snapshot&) -> Result<int> { return 1; });
        EXPECT_TRUE(!second && second.error().code == ErrorCode::Unavailable);
        return {};
    }));
}

TEST_F(Reader, GivesTheConnectionBackWhenTheFunctionThrows) {
    open({.readers = 1, .reader_wait = 20ms});
    EXPECT_THROW(must(database_->read([](Snapshot&) -> Result<int> { throw 1; })), int);
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM t"), 1);
}

}  // namespace
}  // namespace larmor::db

#include "db/tests/each_driver.h"

namespace larmor::db {
namespace {

using namespace std::chrono_literals;
using testing::count;
using testing::must;

class ReaderConformance : public testing::EachDriver {
protected:
    void open(testing::AnyOptions options = {}) {
        database_ = library_.open(options);
        must(database_->write_and_wait([](Transaction& tx) {
            return tx.run_script("CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1)");
        }));
    }
    std::unique_ptr<Database> database_;
};

Result<std::int64_t> first_number(Snapshot& snapshot, std::string_view sql) {
    TRY(Query query, snapshot.prepare(sql));
    TRY(const bool row, query.next());
    return row ? query.int64(0) : -1;
}

TEST_P(ReaderConformance, SeesOneStateWhileWritesGoOn) {
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

TEST_P(ReaderConformance, CanNotWrite) {
    open();
    const auto outcome = database_->read([](Snapshot& snapshot) -> Result<void> {
        TRY_VOID(snapshot.run("INSERT INTO t VALUES (2)"));
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::NoSpace);
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM t"), 1);
}

TEST_P(ReaderConformance, IsInterruptedWhenItHoldsItsSnapshotTooLong) {
    open({.read_limit = 100ms});
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

TEST_P(ReaderConformance, WaitsForAFreeConnectionOnlySoLong) {
    open({.readers = 1, .reader_wait = 20ms});
    must(database_->read([&](Snapshot&) -> Result<void> {
        const auto second = database_->read([](Snapshot&) -> Result<int> { return 1; });
        EXPECT_TRUE(!second && second.error().code == ErrorCode::Unavailable);
        return {};
    }));
}

TEST_P(ReaderConformance, GivesTheConnectionBackWhenTheFunctionThrows) {
    open({.readers = 1, .reader_wait = 20ms});
    EXPECT_THROW(must(database_->read([](Snapshot&) -> Result<int> { throw 1; })), int);
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM t"), 1);
}

LARMOR_EACH_DRIVER(ReaderConformance);

}  // namespace
}  // namespace larmor::db

#include <gtest/gtest.h>

#include <future>

#include "db/postgres/postgres_database.h"
#include "db/tests/cutting_proxy.h"
#include "db/tests/postgres_server.h"
#include "db/tests/temp_library.h"

namespace larmor::db::postgres {
namespace {

using namespace std::chrono_literals;
using testing::count;
using testing::CountedWrite;
using testing::CuttingProxy;
using testing::HeldWriter;
using testing::must;
using testing::PostgresServer;
using testing::TempDirectory;

/// A server of its own: these tests stop it, or fill it with transactions.
class PostgresTest : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (PostgresServer::is_installed()) server_ = std::make_unique<PostgresServer>();
    }
    static void TearDownTestSuite() { server_.reset(); }
    void SetUp() override {
        if (!server_) GTEST_SKIP() << "PostgreSQL is not installed";
        url_ = server_->make_library();
        database_ = open();
        must(database_->write_and_wait([](Transaction& tx) {
            return tx.run_script(
                "CREATE TABLE things (id BIGINT PRIMARY KEY, n BIGINT NOT NULL);"
                "INSERT INTO things VALUES (1, 0), (2, 0)");
        }));
    }
    std::unique_ptr<PostgresDatabase> open(PostgresOptions options = {}) {
        if (options.url.empty()) options.url = url_;
        return must(open_postgres(std::move(options)));
    }
    static Result<void> add(Transaction& tx, std::int64_t id) {
        TRY_VOID(tx.run("UPDATE things SET n = n + 1 WHERE id = ?1", id));
        return {};
    }
    std::int64_t n_of(std::int64_t id) {
        return count(*database_, "SELECT n FROM things WHERE id = " + std::to_string(id));
    }

    static std::unique_ptr<PostgresServer> server_;
    std::string url_;
    std::unique_ptr<PostgresDatabase> database_;
};
std::unique_ptr<PostgresServer> PostgresTest::server_;

TEST_F(PostgresTest, RunsBothOfADeadlockToTheirEnd) {
    const auto other = open();
    std::promise<void> first_locked;
    std::promise<void> second_locked;
    std::atomic<int> calls{0};
    const auto lock_both = [&](std::int64_t from, std::int64_t to, std::promise<void>& mine,
                               std::promise<void>& theirs) {
        return [&, from, to, undone = 0, calls_of_this = 0,
                first = true](Transaction& tx) mutable -> Result<void> {
            ++calls;
            ++calls_of_this;
            tx.on_rollback([&undone] { ++undone; });
            TRY_VOID(add(tx, from));
            if (std::exchange(first, false)) {
                mine.set_value();
                theirs.get_future().wait();
            } else {
                EXPECT_EQ(undone, calls_of_this - 1) << "what it did before was undone";
            }
            return add(tx, to);
        };
    };
    std::thread second(
        [&] { must(other->write_and_wait(lock_both(2, 1, second_locked, first_locked))); });
    must(database_->write_and_wait(lock_both(1, 2, first_locked, second_locked)));
    second.join();

    EXPECT_EQ(n_of(1), 2);
    EXPECT_EQ(n_of(2), 2);
    // PostgreSQL may choose one of them, or one after the other.
    EXPECT_GE(calls, 3) << "one of them ran again";
    EXPECT_EQ(database_->stats().run_again + other->stats().run_again,
              static_cast<std::uint64_t>(calls - 2));
}

TEST_F(PostgresTest, AGroupInADeadlockRunsAgainOneByOne) {
    const auto other = open();
    std::promise<void> locked;
    std::promise<void> go_on;
    bool first = true;
    std::thread second([&] {
        must(other->write_and_wait([&](Transaction& tx) -> Result<void> {
            TRY_VOID(add(tx, 2));
            if (std::exchange(first, false)) {
                locked.set_value();
                go_on.get_future().wait();
            }
            return add(tx, 1);
        }));
    });
    locked.get_future().wait();
    HeldWriter held(*database_);
    std::atomic<bool> told{false};
    CountedWrite one([&](Transaction& tx) -> Result<void> {
        TRY_VOID(add(tx, 1));
        if (!told.exchange(true)) go_on.set_value();
        return {};
    });
    CountedWrite two([](Transaction& tx) { return add(tx, 2); });
    CountedWrite bad([](Transaction&) { return fail(ErrorCode::NotFound, "no"); });
    for (auto* write : {&one, &two, &bad}) database_->submit(*write);
    held.release();

    EXPECT_TRUE(one.wait());
    EXPECT_TRUE(two.wait());
    EXPECT_EQ(bad.wait().error().code, ErrorCode::NotFound);
    second.join();
    EXPECT_EQ(n_of(1), 2);
    EXPECT_EQ(n_of(2), 2);
}

TEST_F(PostgresTest, SurvivesARestartOfTheServerBetweenAndInsideOfTransactions) {
    for (const auto how : {PostgresServer::Stop::Fast, PostgresServer::Stop::Immediate}) {
        EXPECT_GE(n_of(1), 0);  // a reader that will find its connection closed
        server_->stop(how);
        std::thread starting([&] { server_->start(); });
        const auto before = n_of(2);
        must(database_->write_and_wait([](Transaction& tx) { return add(tx, 2); }));
        starting.join();
        EXPECT_EQ(n_of(2), before + 1);

        bool first = true;
        must(database_->write_and_wait([&](Transaction& tx) -> Result<void> {
            TRY_VOID(add(tx, 1));
            if (std::exchange(first, false)) {
                server_->stop(how);
                server_->start();
            }
            return add(tx, 2);
        }));
        EXPECT_EQ(n_of(2), before + 2);
    }
    EXPECT_EQ(n_of(1), 2);
    EXPECT_GE(database_->postgres_stats().reconnects, 4U);
}

TEST_F(PostgresTest, ACommitThatACrashUndidIsNotTakenForTheOneThatGotItsId) {
    const auto id_in = [](Transaction& tx) -> Result<std::int64_t> {
        TRY_VOID(add(tx, 2));
        TRY(Query query, tx.prepare("SELECT pg_current_xact_id()::text::bigint"));
        TRY_VOID(query.next());
        return query.int64(0);
    };
    const auto other = open();
    must(other->write_and_wait(id_in));
    // Whether the id is given again depends on what the server has written by itself.
    bool was_given_again = false;
    int writes = 0;
    while (!was_given_again && writes < 20) {
        ++writes;
        bool first = true;
        must(database_->write_and_wait([&](Transaction& tx) -> Result<void> {
            TRY_VOID(add(tx, 1));
            if (!std::exchange(first, false)) return {};
            TRY(const std::int64_t lost, id_in(tx));
            tx.commit_after([&, lost]() -> Result<void> {
                server_->stop(PostgresServer::Stop::Immediate);
                server_->start();
                for (std::int64_t id = 0; id < lost;) {
                    id = must(other->write_and_wait(id_in));
                    was_given_again = was_given_again || id == lost;
                }
                return {};
            });
            return {};
        }));
        ASSERT_EQ(n_of(1), writes);
    }
    EXPECT_TRUE(was_given_again);
}

TEST_F(PostgresTest, FailsAtOnceWhileTheServerStaysAwayAndGoesOnAfterwards) {
    const auto impatient = open({.reader_wait = 100ms, .reconnect_wait = 100ms});
    server_->stop(PostgresServer::Stop::Fast);
    for (int i = 0; i < 3; ++i) {
        const auto refused =
            impatient->write_and_wait([](Transaction& tx) { return add(tx, 1); });
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
    }
    const auto read = impatient->read([](Snapshot& snapshot) { return snapshot.now(); });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::Unavailable);
    server_->start();
    must(impatient->write_and_wait([](Transaction& tx) { return add(tx, 1); }));
    EXPECT_EQ(n_of(1), 1);
}

class LostReply : public PostgresTest, public ::testing::WithParamInterface<CuttingProxy::Cut> {
protected:
    std::unique_ptr<PostgresDatabase> open_by_proxy() {
        return open({.url = url_ + "&host=" + folder_.path().string(), .reconnect_wait = 2s});
    }
    TempDirectory folder_;
    std::unique_ptr<CuttingProxy> proxy_;
};

TEST_P(LostReply, OfACommitIsSettledSoThatItIsDoneOnce) {
    CuttingProxy proxy(folder_.path(), server_->socket());
    const auto database = open_by_proxy();
    int told = 0;
    int undone = 0;
    proxy.cut_at("COMMIT", GetParam());
    must(database->write_and_wait([&](Transaction& tx) -> Result<void> {
        tx.on_commit([&] { ++told; });
        tx.on_rollback([&] { ++undone; });
        return add(tx, 1);
    }));
    EXPECT_EQ(proxy.cuts(), 1);
    EXPECT_EQ(n_of(1), 1);
    EXPECT_EQ(told, 1);
    EXPECT_EQ(undone, GetParam() == CuttingProxy::Cut::After ? 0 : 1);
    EXPECT_EQ(database->stats().requests, 1U);
}

TEST_P(LostReply, OfACommitThatNobodyCanSettleIsAnErrorOfItsOwn) {
    CuttingProxy proxy(folder_.path(), server_->socket());
    const auto database = open_by_proxy();
    int undone = 0;
    proxy.then_refuse();
    proxy.cut_at("COMMIT", GetParam());
    const auto outcome = database->write_and_wait([&](Transaction& tx) -> Result<void> {
        tx.on_rollback([&] { ++undone; });
        return add(tx, 1);
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::OutcomeUnknown) << outcome.error().message;
    EXPECT_EQ(undone, 1);
    EXPECT_EQ(n_of(1), GetParam() == CuttingProxy::Cut::After ? 1 : 0);
}

INSTANTIATE_TEST_SUITE_P(Cuts, LostReply,
                         ::testing::Values(CuttingProxy::Cut::Before,
                                           CuttingProxy::Cut::After));

TEST_F(PostgresTest, ProcessesThatStartTogetherMigrateOnce) {
    constexpr std::string_view kSql = "CREATE TABLE m (x BIGINT); INSERT INTO m VALUES (1)";
    const std::array migrations{Migration{"20260101T000000_a_first", {}, kSql}};
    std::vector<std::thread> starting;
    for (int i = 0; i < 6; ++i) {
        starting.emplace_back(
            [&] { must(open()->migrate(std::array{MigrationSet{"a", migrations}})); });
    }
    for (auto& thread : starting) thread.join();
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM m"), 1);
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM schema_migrations"), 1);
}

TEST_F(PostgresTest, WritersThatStartTogetherInANewDatabaseAllWrite) {
    for (int round = 0; round < 5; ++round) {
        url_ = server_->make_library();
        std::vector<std::unique_ptr<PostgresDatabase>> databases(6);
        for (auto& database : databases) database = open();
        std::vector<std::thread> starting;
        for (auto& database : databases) {
            starting.emplace_back([&] {
                must(database->write_and_wait(
                    [](Transaction& tx) { return tx.run_script("SELECT 1"); }));
            });
        }
        for (auto& thread : starting) thread.join();
    }
}

TEST_F(PostgresTest, AMigrationWithoutATextForItIsRefused) {
    const std::array migrations{Migration{"20260101T000000_a_first", "CREATE TABLE m (x)"}};
    const auto refused = database_->migrate(std::array{MigrationSet{"a", migrations}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
}

TEST_F(PostgresTest, ARequestThatGoesOnAfterAFailedStatementIsRefused) {
    HeldWriter held(*database_);
    CountedWrite swallowed([](Transaction& tx) -> Result<void> {
        static_cast<void>(tx.run("INSERT INTO things VALUES (1, 1)"));  // there already
        return {};
    });
    CountedWrite good([](Transaction& tx) { return add(tx, 1); });
    database_->submit(swallowed);
    database_->submit(good);
    held.release();
    EXPECT_EQ(swallowed.wait().error().code, ErrorCode::InvalidInput);
    EXPECT_TRUE(good.wait());
}

TEST_F(PostgresTest, RefusesAZeroByteInTextAndTypesThatItDoesNotRead) {
    const auto outcome = database_->read([](Snapshot& snapshot) -> Result<void> {
        TRY(Query query, snapshot.prepare("SELECT ?1"));
        query.bind(std::string_view("a\0b", 3));
        TRY_VOID(query.next());
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::InvalidInput);
    const auto time = database_->read([](Snapshot& snapshot) -> Result<void> {
        TRY(Query query, snapshot.prepare("SELECT now()"));
        TRY_VOID(query.next());
        return {};
    });
    ASSERT_FALSE(time);
    EXPECT_EQ(time.error().code, ErrorCode::InvalidInput);
    EXPECT_NE(time.error().message.find("cast"), std::string::npos);
}

TEST_F(PostgresTest, NeverQuotesAValueInAnError) {
    const auto outcome = database_->write_and_wait([](Transaction& tx) -> Result<void> {
        TRY_VOID(tx.run("UPDATE things SET n = ?1", "Doe^Jane"));
        return {};
    });
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(outcome.error().message.find("Doe"), std::string::npos)
        << outcome.error().message;
}

TEST_F(PostgresTest, WaitsForALockOnlySoLong) {
    const auto impatient = open({.lock_limit = 50ms});
    HeldWriter held(*database_);
    std::promise<void> locked;
    std::promise<void> release;
    CountedWrite holder([&](Transaction& tx) -> Result<void> {
        TRY_VOID(add(tx, 1));
        locked.set_value();
        release.get_future().wait();
        return {};
    });
    database_->submit(holder);
    held.release();
    locked.get_future().wait();
    const auto refused = impatient->write_and_wait([](Transaction& tx) { return add(tx, 1); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
    release.set_value();
    EXPECT_TRUE(holder.wait());
    must(impatient->write_and_wait([](Transaction& tx) { return add(tx, 1); }));
}

TEST_F(PostgresTest, SaysWhyItCanNotBeOpened) {
    const auto missing = open_postgres({.url = "postgres:///none?user=postgres&host=" +
                                               server_->socket().parent_path().string()});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::Unavailable);
    EXPECT_NE(missing.error().message.find("none"), std::string::npos);
    EXPECT_TRUE(is_postgres_url("postgresql://host/name"));
    EXPECT_FALSE(is_postgres_url("/var/lib/larmor"));
}

}  // namespace
}  // namespace larmor::db::postgres

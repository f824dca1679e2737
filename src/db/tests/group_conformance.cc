#include "async/sync_wait.h"
#include "db/tests/each_driver.h"

namespace larmor::db {
namespace {

using testing::AnyOptions;
using testing::count;
using testing::CountedWrite;
using testing::HeldWriter;
using testing::must;

class GroupConformance : public testing::EachDriver {
protected:
    void open(AnyOptions options = {}) {
        database_ = library_.open(options);
        if (count(*database_, kTables) == 1) return;
        must(database_->write_and_wait([](Transaction& tx) {
            return tx.run_script("CREATE TABLE things (" + id_column() + ", name TEXT UNIQUE)");
        }));
    }
    static std::function<Result<void>(Transaction&)> insert(std::string name) {
        return [name](Transaction& tx) -> Result<void> {
            TRY_VOID(tx.run("INSERT INTO things (name) VALUES (?1)", name));
            return {};
        };
    }
    /// Whether the table is there.
    const std::string kTables = GetParam() == Dialect::Sqlite
                                    ? "SELECT count(*) FROM sqlite_master WHERE name = 'things'"
                                    : "SELECT count(to_regclass('things'))";

    std::unique_ptr<Database> database_;
};

TEST_P(GroupConformance, AFailingRequestIsRolledBackAlone) {
    open();
    HeldWriter held(*database_);
    CountedWrite first(insert("a"));
    CountedWrite twice([](Transaction& tx) -> Result<void> {
        TRY_VOID(tx.run("INSERT INTO things (name) VALUES ('only half')"));
        TRY_VOID(tx.run("INSERT INTO things (name) VALUES ('a')"));  // unique: fails
        return {};
    });
    CountedWrite refused([](Transaction& tx) -> Result<void> {
        TRY_VOID(tx.run("INSERT INTO things (name) VALUES ('changed my mind')"));
        return fail(ErrorCode::NotFound, "by the function itself");
    });
    CountedWrite last(insert("b"));
    for (auto* write : {&first, &twice, &refused, &last}) database_->submit(*write);
    held.release();

    EXPECT_TRUE(first.wait());
    EXPECT_EQ(twice.wait().error().code, ErrorCode::Conflict);
    EXPECT_EQ(refused.wait().error().code, ErrorCode::NotFound);
    EXPECT_TRUE(last.wait());
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things"), 2);
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things WHERE name IN ('a', 'b')"), 2);
}

TEST_P(GroupConformance, UndoesMemoryOfTheFailingRequestOnlyAndInReverse) {
    open();
    std::string log;
    HeldWriter held(*database_);
    CountedWrite good([&](Transaction& tx) -> Result<void> {
        tx.on_rollback([&] { log += "good undone,"; });
        tx.on_commit([&] { log += "good durable,"; });
        return insert("a")(tx);
    });
    CountedWrite bad([&](Transaction& tx) -> Result<void> {
        tx.on_rollback([&] { log += "bad 1,"; });
        tx.on_rollback([&] { log += "bad 2,"; });
        tx.on_commit([&] { log += "bad durable,"; });
        return fail(ErrorCode::InvalidInput, "no");
    });
    database_->submit(good);
    database_->submit(bad);
    held.release();
    EXPECT_TRUE(good.wait());
    EXPECT_FALSE(bad.wait());

    EXPECT_EQ(log, "bad 2,bad 1,good durable,");
}

TEST_P(GroupConformance, TheHookRunsOncePerGroupInItsTransaction) {
    open();
    int calls = 0;
    database_->before_commit([&](Transaction& tx) -> Result<void> {
        ++calls;
        TRY_VOID(
            tx.run("INSERT INTO things (name) VALUES (?1)", "group " + std::to_string(calls)));
        return {};
    });
    HeldWriter held(*database_);
    CountedWrite a(insert("a"));
    CountedWrite bad([](Transaction&) { return fail(ErrorCode::InvalidInput, "no"); });
    CountedWrite b(insert("b"));
    for (auto* write : {&a, &bad, &b}) database_->submit(*write);
    held.release();
    EXPECT_TRUE(a.wait());
    EXPECT_TRUE(b.wait());

    EXPECT_EQ(calls, 2);  // the held group and this one
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things WHERE name = 'group 2'"), 1);

    EXPECT_FALSE(database_->write_and_wait(
        [](Transaction&) -> Result<void> { return fail(ErrorCode::InvalidInput, "no"); }));
    EXPECT_EQ(calls, 2) << "nothing to commit, nothing to hook into";
}

TEST_P(GroupConformance, AFailingHookFailsTheWholeGroup) {
    open();
    bool fails = true;
    bool undone = false;
    database_->before_commit([&](Transaction&) -> Result<void> {
        if (fails) return fail(ErrorCode::Corrupt, "the hook says no");
        return {};
    });
    const auto outcome = database_->write_and_wait([&](Transaction& tx) -> Result<void> {
        tx.on_rollback([&] { undone = true; });
        return insert("a")(tx);
    });
    EXPECT_EQ(outcome.error().message, "the hook says no");
    EXPECT_TRUE(undone);
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things"), 0);

    fails = false;
    EXPECT_TRUE(database_->write_and_wait(insert("a")));
}

TEST_P(GroupConformance, CommitsAfterWhatARequestWaitsForUnlessTheRequestFailed) {
    open();
    std::vector<std::string> order;
    database_->before_commit([&](Transaction&) -> Result<void> {
        order.emplace_back("hook");
        return {};
    });
    HeldWriter held(*database_);
    CountedWrite failed([&](Transaction& tx) -> Result<void> {
        tx.commit_after([&]() -> Result<void> {
            order.emplace_back("wait of the failed one");
            return {};
        });
        return fail(ErrorCode::InvalidInput, "no");
    });
    CountedWrite stored([&](Transaction& tx) -> Result<void> {
        tx.commit_after([&]() -> Result<void> {
            order.emplace_back("wait");
            return {};
        });
        tx.on_commit([&] { order.emplace_back("committed"); });
        return insert("a")(tx);
    });
    database_->submit(failed);
    database_->submit(stored);
    held.release();
    EXPECT_TRUE(stored.wait());
    // The first is of the group that held the writer.
    EXPECT_EQ(order, (std::vector<std::string>{"hook", "hook", "wait", "committed"}));

    const auto outcome = database_->write_and_wait([&](Transaction& tx) -> Result<void> {
        tx.commit_after([] { return Result<void>(fail(ErrorCode::NoSpace, "the disk")); });
        return insert("b")(tx);
    });
    EXPECT_EQ(outcome.error().message, "the disk");
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things"), 1);
}

TEST_P(GroupConformance, RefusesMoreThanTheBoundOfWaitingWrites) {
    open({.queued_max = 3});
    HeldWriter held(*database_);
    std::vector<std::unique_ptr<CountedWrite>> writes;
    for (int i = 0; i < 4; ++i) {
        writes.push_back(std::make_unique<CountedWrite>(insert(std::to_string(i))));
        database_->submit(*writes.back());
    }
    EXPECT_EQ(writes[3]->wait().error().code, ErrorCode::Unavailable);
    held.release();
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(writes[static_cast<std::size_t>(i)]->wait());
}

TEST_P(GroupConformance, ATaskResumesWithItsValueAfterTheCommit) {
    open();
    const auto id =
        async::sync_wait(database_->write([](Transaction& tx) -> Result<std::int64_t> {
            TRY(Query query, tx.prepare("INSERT INTO things (id, name) VALUES (?1, ?2)"));
            return query.bind(41, "x").insert();
        }));
    EXPECT_EQ(must(id), 41);
}

TEST_P(GroupConformance, WhatWaitsTogetherIsCommittedOnce) {
    open();
    HeldWriter held(*database_);
    std::vector<std::unique_ptr<CountedWrite>> writes;
    for (int i = 0; i < 100; ++i) {
        writes.push_back(std::make_unique<CountedWrite>(insert("thing " + std::to_string(i))));
        database_->submit(*writes.back());
    }
    EXPECT_EQ(database_->stats().queued, 100U);
    const auto before = database_->stats();
    held.release();
    for (auto& write : writes) EXPECT_TRUE(write->wait());

    const auto after = database_->stats();
    EXPECT_EQ(after.groups - before.groups, 2U) << "the one that held and the hundred";
    EXPECT_EQ(after.requests - before.requests, 101U);
    EXPECT_EQ(after.group_max, 100U);
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things"), 100);
}

TEST_P(GroupConformance, LosesNothingAcrossManyThreads) {
    open();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 100; ++i) {
                must(database_->write_and_wait(
                    insert(std::to_string(t) + "/" + std::to_string(i))));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    database_.reset();
    open();
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things"), 400);
}

TEST_P(GroupConformance, RunsWhatIsQueuedToItsEndWhenItIsClosed) {
    open();
    HeldWriter held(*database_);
    std::vector<std::unique_ptr<CountedWrite>> writes;
    for (int i = 0; i < 10; ++i) {
        writes.push_back(std::make_unique<CountedWrite>(insert(std::to_string(i))));
        database_->submit(*writes.back());
    }
    held.release();
    database_.reset();
    for (auto& write : writes) EXPECT_TRUE(write->wait());
    open();
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things"), 10);
}

TEST_P(GroupConformance, WhatIsRunLaterIsThereForTheNextStatement) {
    open();
    must(database_->write_and_wait([](Transaction& tx) -> Result<void> {
        for (const char* name : {"a", "b", "c"}) {
            TRY_VOID(tx.run_later("INSERT INTO things (name) VALUES (?1)", std::string(name)));
        }
        TRY(Query query, tx.prepare("SELECT count(*) FROM things"));
        EXPECT_TRUE(must(query.next()));
        EXPECT_EQ(query.int64(0), 3);
        return {};
    }));
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things"), 3);
}

TEST_P(GroupConformance, TheErrorOfWhatIsRunLaterFailsItsOwnRequest) {
    open();
    must(database_->write_and_wait(insert("a")));
    HeldWriter held(*database_);
    CountedWrite before(insert("before"));
    CountedWrite twice([](Transaction& tx) -> Result<void> {
        TRY_VOID(tx.run_later("INSERT INTO things (name) VALUES ('half')"));
        return tx.run_later("INSERT INTO things (name) VALUES ('a')");  // unique: fails
    });
    CountedWrite behind(insert("behind"));
    for (auto* write : {&before, &twice, &behind}) database_->submit(*write);
    held.release();
    EXPECT_TRUE(before.wait());
    EXPECT_EQ(twice.wait().error().code, ErrorCode::Conflict);
    EXPECT_TRUE(behind.wait());
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things"), 3);
}

TEST_P(GroupConformance, KnowsTheTime) {
    open();
    const auto before = system_clock().now() - std::chrono::seconds(1);
    const auto now = must(database_->write_and_wait([](Transaction& tx) { return tx.now(); }));
    EXPECT_GT(now, before);
    EXPECT_LT(now, system_clock().now() + std::chrono::seconds(1));
    EXPECT_GE(must(database_->read([](Snapshot& snapshot) { return snapshot.now(); })), now);
}

LARMOR_EACH_DRIVER(GroupConformance);

}  // namespace
}  // namespace larmor::db

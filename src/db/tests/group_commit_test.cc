#include <gtest/gtest.h>

#include <atomic>

#include "async/sync_wait.h"
#include "db/tests/temp_library.h"

namespace larmor::db {
namespace {

using testing::count;
using testing::CountedWrite;
using testing::HeldWriter;
using testing::must;
using testing::TempDirectory;

class GroupCommit : public ::testing::Test {
protected:
    void open(sqlite::SqliteOptions options = {}) {
        options.path = directory_.path() / "library.db";
        options.fail_syncs = &fail_syncs_;
        database_ = must(sqlite::open_sqlite(options));
    }
    void make_table() {
        must(database_->write_and_wait([](Transaction& tx) {
            return tx.run_script(
                "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
        }));
    }
    static std::function<Result<void>(Transaction&)> insert(std::string name) {
        return [name](Transaction& tx) -> Result<void> {
            TRY_VOID(tx.run("INSERT INTO things (name) VALUES (?1)", name));
            return {};
        };
    }

    TempDirectory directory_;
    std::atomic<bool> fail_syncs_{false};
    std::unique_ptr<sqlite::SqliteDatabase> database_;
};

TEST_F(GroupCommit, WhatWaitsTogetherIsSyncedOnce) {
    open();
    make_table();
    HeldWriter held(*database_);
    std::vector<std::unique_ptr<CountedWrite>> writes;
    for (int i = 0; i < 100; ++i) {
        writes.push_back(std::make_unique<CountedWrite>(insert("thing " + std::to_string(i))));
        database_->submit(*writes.back());
    }
    EXPECT_EQ(database_->stats().queued, 100U);
    const auto groups_before = database_->stats().groups;
    const auto syncs_before = database_->sqlite_stats().syncs;
    held.release();
    for (auto& write : writes) EXPECT_TRUE(write->wait());

    // One sync for the held group, one for the hundred that came together.
    EXPECT_EQ(database_->stats().groups - groups_before, 2U);
    EXPECT_EQ(database_->sqlite_stats().syncs - syncs_before, 1U)
        << "the held group changed nothing, so it has nothing to sync";
    EXPECT_EQ(database_->stats().group_max, 100U);
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things"), 100);
}

TEST_F(GroupCommit, EveryCommitIsSyncedBeforeItsWaiterGoesOn) {
    open();
    make_table();
    for (int i = 0; i < 10; ++i) {
        const auto before = database_->sqlite_stats().wal_syncs;
        must(database_->write_and_wait(insert("thing " + std::to_string(i))));
        EXPECT_EQ(database_->sqlite_stats().wal_syncs, before + 1);
    }
}

TEST_F(GroupCommit, AFailingRequestIsRolledBackAlone) {
    open();
    make_table();
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

TEST_F(GroupCommit, UndoesMemoryOfTheFailingRequestOnlyAndInReverse) {
    open();
    make_table();
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

TEST_F(GroupCommit, TheHookRunsOncePerGroupInItsTransaction) {
    open();
    make_table();
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

TEST_F(GroupCommit, AFailingHookFailsTheWholeGroup) {
    open();
    make_table();
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

TEST_F(GroupCommit, CommitsAfterWhatARequestWaitsForUnlessTheRequestFailed) {
    open();
    make_table();
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

TEST_F(GroupCommit, StopsWritingAfterAFailedSyncAndSaysSo) {
    open();
    make_table();
    must(database_->write_and_wait(insert("before")));

    fail_syncs_ = true;
    EXPECT_FALSE(database_->write_and_wait(insert("lost")));
    fail_syncs_ = false;  // the disk seems fine again, but nobody knows what it holds
    const auto after = database_->write_and_wait(insert("after"));

    ASSERT_FALSE(after);
    EXPECT_EQ(after.error().code, ErrorCode::NoSpace);
    EXPECT_NE(after.error().message.find("read-only"), std::string::npos)
        << after.error().message;
    EXPECT_TRUE(database_->stats().read_only);
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things WHERE name = 'before'"), 1)
        << "reads go on";

    database_.reset();
    open();
    EXPECT_TRUE(database_->write_and_wait(insert("after a restart")));
}

TEST_F(GroupCommit, FailsEveryRequestOfAGroupWhoseCommitFails) {
    open();
    make_table();
    int undone = 0;
    HeldWriter held(*database_);
    std::vector<std::unique_ptr<CountedWrite>> writes;
    for (int i = 0; i < 5; ++i) {
        writes.push_back(
            std::make_unique<CountedWrite>([&, i](Transaction& tx) -> Result<void> {
                tx.on_rollback([&] { ++undone; });
                return insert(std::to_string(i))(tx);
            }));
        database_->submit(*writes.back());
    }
    fail_syncs_ = true;
    held.release();
    for (auto& write : writes) EXPECT_FALSE(write->wait());
    EXPECT_EQ(undone, 5);
}

TEST_F(GroupCommit, RefusesMoreThanTheBoundOfWaitingWrites) {
    open({.queued_max = 3});
    make_table();
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

TEST_F(GroupCommit, ATaskResumesWithItsValueAfterTheCommit) {
    open();
    make_table();
    const auto id =
        async::sync_wait(database_->write([](Transaction& tx) -> Result<std::int64_t> {
            TRY(Query query, tx.prepare("INSERT INTO things (id, name) VALUES (?1, ?2)"));
            return query.bind(41, "x").insert();
        }));
    EXPECT_EQ(must(id), 41);
}

TEST_F(GroupCommit, LosesNothingAcrossManyThreadsAndCheckpoints) {
    open({.wal_bytes = 1 << 16});
    make_table();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 200; ++i) {
                must(database_->write_and_wait(insert(
                    std::to_string(t) + "/" + std::to_string(i) + std::string(200, 'x'))));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things"), 800);
    EXPECT_GT(database_->sqlite_stats().checkpoints, 0U);

    database_.reset();
    open();
    EXPECT_EQ(count(*database_, "SELECT count(*) FROM things"), 800);
}

TEST_F(GroupCommit, TakesCommitsOfEverySizeAndWritesTheLogAhead) {
    open({.wal_ahead_bytes = 1 << 20});
    make_table();
    EXPECT_GE(std::filesystem::file_size(directory_.path() / "library.db-wal"), 1U << 20);
    // From one frame to 2 MB of frames, over every multiple of 64 KiB on the way.
    for (std::size_t kib = 1; kib <= 2048; kib += kib < 300 ? 7 : 300) {
        must(database_->write_and_wait(insert(std::string(kib << 10, 'x'))));
    }
    const auto before = count(*database_, "SELECT sum(length(name)) FROM things");
    database_.reset();
    open();
    EXPECT_EQ(count(*database_, "SELECT sum(length(name)) FROM things"), before);
    EXPECT_EQ(
        count(*database_, "SELECT count(*) FROM pragma_quick_check WHERE quick_check <> 'ok'"),
        0);
}

TEST_F(GroupCommit, TheLogBeginsAnewAfterACheckpointWhileWritesGoOn) {
    open({.wal_bytes = 1 << 18, .wal_ahead_bytes = 1 << 16});
    make_table();
    for (int i = 0; i < 300; ++i) {
        must(database_->write_and_wait(insert(std::to_string(i) + std::string(40'000, 'x'))));
    }
    // 300 commits of 20 pages and more are over 24 MB of frames.
    EXPECT_LT(std::filesystem::file_size(directory_.path() / "library.db-wal"), 4U << 20);
}

}  // namespace
}  // namespace larmor::db

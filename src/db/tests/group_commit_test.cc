#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <fstream>

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
    std::filesystem::path log_path() const { return directory_.path() / "library.db-wal"; }
    /// How often the log began anew. Source: sqlite.org/fileformat2.html#wal_file_format, the
    /// checkpoint sequence number.
    std::string log_round() const {
        std::ifstream file(log_path(), std::ios::binary);
        file.seekg(12);
        std::string number(4, '\0');
        file.read(number.data(), 4);
        return number;
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
    EXPECT_GE(std::filesystem::file_size(log_path()), 1U << 20);
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
    EXPECT_LT(std::filesystem::file_size(log_path()), 4U << 20);
}

TEST_F(GroupCommit, CommitsGoOnUnderAHeldSnapshotAndTheLogBeginsAnewAfterIt) {
    open({.wal_bytes = 1 << 18, .wal_ahead_bytes = 1 << 16});
    make_table();
    must(database_->checkpoint());  // so that the snapshot needs nothing of the log
    sqlite3* reader = nullptr;
    const auto path = directory_.path() / "library.db";
    ASSERT_EQ(sqlite3_open(path.c_str(), &reader), SQLITE_OK);
    ASSERT_EQ(
        sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM things", nullptr, nullptr, nullptr),
        SQLITE_OK);
    const auto write = [&](int i) {
        must(database_->write_and_wait(insert(std::to_string(i) + std::string(40'000, 'x'))));
    };
    write(0);
    const auto round = log_round();
    for (int i = 1; i < 300; ++i) write(i);
    EXPECT_EQ(log_round(), round);
    EXPECT_GT(std::filesystem::file_size(log_path()), 24U << 20);

    sqlite3_close(reader);
    for (int i = 300; log_round() == round; ++i) {
        write(i);
        ASSERT_LT(std::filesystem::file_size(log_path()), 120U << 20);
    }
}

}  // namespace
}  // namespace larmor::db

#include "events/sequencer.h"

#include <future>

#include "db/tests/each_driver.h"

namespace larmor::events {
namespace {

using db::testing::must;
using namespace std::chrono_literals;

/// Events that are committed without numbers, where there are such.
class SequencerTest : public db::testing::EachDriver {
protected:
    void SetUp() override {
        EachDriver::SetUp();
        if (IsSkipped()) return;
        if (GetParam() == db::Dialect::Sqlite) GTEST_SKIP() << "events have numbers at once";
        database_ = library_.open();
        must(database_->migrate(std::array{migrations()}));
        log_ = must(EventLog::open(*database_));
    }
    void append() {
        must(database_->write_and_wait([&](db::Transaction& tx) {
            return log_->append(tx, {.detail_type = "x", .detail = "{}"});
        }));
    }
    std::size_t numbered() {
        return must(database_->read([](db::Snapshot& snapshot) {
                   return EventLog::read_after(snapshot, 0, 100);
               }))
            .size();
    }

    std::unique_ptr<db::Database> database_;
    std::unique_ptr<EventLog> log_;
};

TEST_P(SequencerTest, WhileOneNumbersAllOthersWaitForItsCommit) {
    append();
    const auto other = library_.open_another();
    std::future<Result<void>> numbering;
    must(other->write_and_wait([&](db::Transaction& tx) -> Result<void> {
        // As the elected one of another process.
        TRY(db::Query lock, tx.prepare("SELECT pg_advisory_xact_lock("
                                       "'events_unnumbered'::regclass::oid::bigint)"));
        TRY_VOID(lock.next());
        numbering = std::async(std::launch::async, [&] { return log_->number_committed(); });
        EXPECT_EQ(numbering.wait_for(300ms), std::future_status::timeout);
        EXPECT_EQ(numbered(), 0U);
        return {};
    }));
    must(numbering.get());
    EXPECT_EQ(numbered(), 1U);
}

TEST_P(SequencerTest, WhatFollowsFromNumbersIsCommittedWithThemOrNotAtAll) {
    must(database_->write_and_wait([](db::Transaction& tx) {
        return tx.run_script("CREATE TABLE routed (behind BIGINT NOT NULL)");
    }));
    std::atomic<bool> fails = true;
    const auto routed = [&] {
        return must(database_->read([](db::Snapshot& snapshot) -> Result<std::int64_t> {
            TRY(db::Query query, snapshot.prepare("SELECT count(*) FROM routed"));
            TRY_VOID(query.next());
            return query.int64(0);
        }));
    };
    log_->start_numbering([&](db::Transaction& tx, std::int64_t before) -> Result<void> {
        TRY_VOID(tx.run("INSERT INTO routed (behind) VALUES (?1)", before));
        if (fails) return fail(ErrorCode::LimitExceeded, "a queue is full");
        return {};
    });
    append();
    EXPECT_EQ(log_->number_committed().error().code, ErrorCode::LimitExceeded);
    EXPECT_EQ(numbered(), 0U);
    EXPECT_EQ(routed(), 0);
    fails = false;
    must(log_->number_committed());
    EXPECT_EQ(numbered(), 1U);
    EXPECT_EQ(routed(), 1);
    log_.reset();
}

LARMOR_EACH_DRIVER(SequencerTest);

}  // namespace
}  // namespace larmor::events

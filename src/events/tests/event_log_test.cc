#include "events/event_log.h"

#include <set>
#include <thread>

#include "db/tests/each_driver.h"

namespace larmor::events {
namespace {

using db::testing::must;

class EventLogTest : public db::testing::EachDriver {
protected:
    void SetUp() override {
        EachDriver::SetUp();
        if (!IsSkipped()) open();
    }
    void open() {
        log_.reset();
        database_.reset();
        database_ = library_.open();
        must(database_->migrate(std::array{migrations()}));
        log_ = must(EventLog::open(*database_, clock_));
        log_->start_numbering();
    }
    /// Gives the number, also where it comes later.
    Position append(std::string_view detail_type) {
        const Position given = must(database_->write_and_wait([&](db::Transaction& tx) {
            return log_->append(tx, {.detail_type = detail_type,
                                     .detail = R"({"imageSetVersion":"1"})",
                                     .resource = "arn",
                                     .subject_id = "0123456789abcdef0123456789abcdef"});
        }));
        must(log_->number_committed());
        return given.sequence == 0 ? log_->last() : given;
    }
    std::vector<StoredEvent> read_after(std::int64_t sequence, std::size_t limit = 100) {
        return must(database_->read([&](db::Snapshot& snapshot) {
            return EventLog::read_after(snapshot, sequence, limit);
        }));
    }

    // 2026-01-01T23:59:59Z
    ManualClock clock_{Time(std::chrono::seconds(1'767'311'999))};
    std::unique_ptr<db::Database> database_;
    std::unique_ptr<EventLog> log_;
};

TEST_P(EventLogTest, NumbersWithoutGapsAlsoAcrossRollbacksAndRestarts) {
    EXPECT_EQ(append("a"), (Position{1, 1}));
    const auto rolled_back =
        database_->write_and_wait([&](db::Transaction& tx) -> Result<void> {
            must(log_->append(tx, {.detail_type = "lost", .detail = "{}", .resource = ""}));
            return fail(ErrorCode::Cancelled, "no");
        });
    EXPECT_FALSE(rolled_back);
    EXPECT_EQ(log_->last(), (Position{1, 1}));
    EXPECT_EQ(append("b"), (Position{1, 2}));
    open();
    EXPECT_EQ(log_->last(), (Position{1, 2}));
    EXPECT_EQ(append("c"), (Position{1, 3}));

    const auto events = read_after(1);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].detail_type, "b");
    EXPECT_EQ(events[1].position, (Position{1, 3}));
    EXPECT_EQ(read_after(0, 2).size(), 2U);
    EXPECT_TRUE(read_after(3).empty());
}

TEST_P(EventLogTest, DropsWholeDaysAndNeverGivesTheirNumbersAgain) {
    append("yesterday");
    clock_.advance(std::chrono::seconds(2));
    append("today");
    const auto drop = [&](std::int64_t day) {
        return must(database_->write_and_wait(
                        [&](db::Transaction& tx) { return log_->drop_oldest(tx, day); }))
            .events;
    };
    EXPECT_EQ(drop(20260101), 0);
    EXPECT_EQ(drop(20260102), 1);
    ASSERT_EQ(read_after(0).size(), 1U);
    EXPECT_EQ(read_after(0)[0].detail_type, "today");

    EXPECT_EQ(drop(20260103), 1);
    EXPECT_TRUE(read_after(0).empty());
    open();
    EXPECT_EQ(append("next").sequence, 3);
}

TEST_P(EventLogTest, BeginsANewEpochAfterARestore) {
    append("a");
    EXPECT_EQ(must(database_->write_and_wait(
                  [&](db::Transaction& tx) { return log_->begin_epoch(tx); })),
              (Position{2, 1}));
    EXPECT_EQ(append("b"), (Position{2, 2}));
    open();
    EXPECT_EQ(log_->last(), (Position{2, 2}));
}

TEST_P(EventLogTest, GivesTheEnvelopeOfEventBridge) {
    append("Image Set Created");
    auto event = read_after(0).at(0);
    EXPECT_EQ(event.id.size(), 36U);
    event.id = "11111111-2222-4333-8444-555555555555";
    const Source source{.account = "123456789012", .region = "eu-central-1"};
    event.resource = image_set_arn(source, "d0", "i0");
    // The fields of docs.aws.amazon.com/eventbridge/latest/ref/events-ref-medical-imaging.html.
    EXPECT_EQ(
        to_envelope(event, source),
        R"({"version":"0","id":"11111111-2222-4333-8444-555555555555",)"
        R"("detail-type":"Image Set Created","source":"aws.medical-imaging",)"
        R"("account":"123456789012","time":"2026-01-01T23:59:59Z","region":"eu-central-1",)"
        R"("resources":["arn:aws:medical-imaging:eu-central-1:123456789012:)"
        R"(datastore/d0/imageset/i0"],"detail":{"imageSetVersion":"1"}})");
}

TEST_P(EventLogTest, NoReaderPassesACommitThatIsSlow) {
    const auto other = library_.open_another();
    if (!other) GTEST_SKIP() << "one process writes";
    // Numbers nothing by itself: in a group with the slow write it would be the one elected,
    // and keep all others from numbering until that ends.
    const auto other_log = must(EventLog::open(*other, clock_));
    std::mutex mutex;
    std::condition_variable changed;
    bool appended = false;
    bool go_on = false;
    std::thread slow([&] {
        must(other->write_and_wait([&](db::Transaction& tx) -> Result<void> {
            TRY_VOID(other_log->append(tx, {.detail_type = "slow", .detail = "{}"}));
            TRY_VOID(tx.run("SELECT 1"));  // it is there, and not committed
            std::unique_lock lock(mutex);
            appended = true;
            changed.notify_all();
            // PostgreSQL ends a transaction that only idles.
            while (!changed.wait_for(lock, std::chrono::milliseconds(200),
                                     [&] { return go_on; })) {
                TRY_VOID(tx.run("SELECT 1"));
            }
            return {};
        }));
    });
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return appended; });
    }
    // Few: PostgreSQL ends a transaction that idles for long, and each of these waits for its
    // number.
    for (int i = 0; i < 3; ++i) append("fast");
    std::int64_t last = 0;
    for (const auto& event : read_after(0)) {
        EXPECT_EQ(event.detail_type, "fast");
        last = event.position.sequence;
    }
    EXPECT_EQ(last, 3);
    {
        const std::lock_guard lock(mutex);
        go_on = true;
    }
    changed.notify_all();
    slow.join();
    must(other_log->number_committed());
    const auto behind = read_after(last);
    ASSERT_EQ(behind.size(), 1U) << "whoever has read the fast ones finds the slow one next";
    EXPECT_EQ(behind[0].detail_type, "slow");
}

TEST_P(EventLogTest, ManyProcessesNumberEachEventOnce) {
    std::vector<std::unique_ptr<db::Database>> databases;
    for (int i = 0; i < 4; ++i) databases.push_back(library_.open_another());
    if (!databases[0]) GTEST_SKIP() << "one process writes";
    std::vector<std::thread> processes;
    for (const auto& database : databases) {
        processes.emplace_back([&] {
            const auto log = must(EventLog::open(*database, clock_));
            log->start_numbering();
            for (int i = 0; i < 50; ++i) {
                must(database->write_and_wait([&](db::Transaction& tx) {
                    return log->append(tx, {.detail_type = "x", .detail = "{}"});
                }));
            }
        });
    }
    for (auto& process : processes) process.join();
    must(log_->number_committed());
    const auto events = read_after(0, 1000);
    ASSERT_EQ(events.size(), 200U);
    std::set<std::string> ids;
    for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_EQ(events[i].position.sequence, static_cast<std::int64_t>(i) + 1);
        ids.insert(events[i].id);
    }
    EXPECT_EQ(ids.size(), 200U);
    EXPECT_EQ(log_->last().sequence, 200);
}

LARMOR_EACH_DRIVER(EventLogTest);

}  // namespace
}  // namespace larmor::events

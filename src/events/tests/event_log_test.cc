#include "events/event_log.h"

#include <gtest/gtest.h>

#include "db/tests/temp_library.h"

namespace larmor::events {
namespace {

using db::testing::must;
using db::testing::TempDirectory;

class EventLogTest : public ::testing::Test {
protected:
    EventLogTest() { open(); }
    void open() {
        log_.reset();
        database_.reset();
        database_ = must(db::sqlite::open_sqlite({.path = directory_.path() / "library.db"}));
        must(database_->migrate(std::array{migrations()}));
        log_ = must(EventLog::open(*database_, clock_));
    }
    Result<Position> append(std::string_view detail_type) {
        return database_->write_and_wait([&](db::Transaction& tx) {
            return log_->append(tx, {.detail_type = detail_type,
                                     .detail = R"({"imageSetVersion":"1"})",
                                     .resource = "arn",
                                     .subject_id = "0123456789abcdef0123456789abcdef"});
        });
    }
    std::vector<StoredEvent> read_after(std::int64_t sequence, std::size_t limit = 100) {
        return must(database_->read([&](db::Snapshot& snapshot) {
            return EventLog::read_after(snapshot, sequence, limit);
        }));
    }

    TempDirectory directory_;
    // 2026-01-01T23:59:59Z
    ManualClock clock_{Time(std::chrono::seconds(1'767'311'999))};
    std::unique_ptr<db::sqlite::SqliteDatabase> database_;
    std::unique_ptr<EventLog> log_;
};

TEST_F(EventLogTest, NumbersWithoutGapsAlsoAcrossRollbacksAndRestarts) {
    EXPECT_EQ(must(append("a")), (Position{1, 1}));
    const auto rolled_back =
        database_->write_and_wait([&](db::Transaction& tx) -> Result<void> {
            EXPECT_EQ(
                must(log_->append(tx, {.detail_type = "lost", .detail = "{}", .resource = ""})),
                (Position{1, 2}));
            return fail(ErrorCode::Cancelled, "no");
        });
    EXPECT_FALSE(rolled_back);
    EXPECT_EQ(log_->last(), (Position{1, 1}));
    EXPECT_EQ(must(append("b")), (Position{1, 2}));
    open();
    EXPECT_EQ(log_->last(), (Position{1, 2}));
    EXPECT_EQ(must(append("c")), (Position{1, 3}));

    const auto events = read_after(1);
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].detail_type, "b");
    EXPECT_EQ(events[1].position, (Position{1, 3}));
    EXPECT_EQ(read_after(0, 2).size(), 2U);
    EXPECT_TRUE(read_after(3).empty());
}

TEST_F(EventLogTest, DropsWholeDaysAndNeverGivesTheirNumbersAgain) {
    must(append("yesterday"));
    clock_.advance(std::chrono::seconds(2));
    must(append("today"));
    const auto drop = [&](std::int64_t day) {
        return must(database_->write_and_wait(
            [&](db::Transaction& tx) { return EventLog::drop_days_before(tx, day); }));
    };
    EXPECT_EQ(drop(20260101), 0);
    EXPECT_EQ(drop(20260102), 1);
    ASSERT_EQ(read_after(0).size(), 1U);
    EXPECT_EQ(read_after(0)[0].detail_type, "today");

    EXPECT_EQ(drop(20260103), 1);
    EXPECT_TRUE(read_after(0).empty());
    open();
    EXPECT_EQ(must(append("next")).sequence, 3);
}

TEST_F(EventLogTest, BeginsANewEpochAfterARestore) {
    must(append("a"));
    EXPECT_EQ(must(database_->write_and_wait(
                  [&](db::Transaction& tx) { return log_->begin_epoch(tx); })),
              (Position{2, 1}));
    EXPECT_EQ(must(append("b")), (Position{2, 2}));
    open();
    EXPECT_EQ(log_->last(), (Position{2, 2}));
}

TEST_F(EventLogTest, GivesTheEnvelopeOfEventBridge) {
    must(append("Image Set Created"));
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

}  // namespace
}  // namespace larmor::events

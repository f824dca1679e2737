#include "events/retention.h"

#include "events/event_reader.h"
#include "events/inbox.h"
#include "events/tests/rules_fixture.h"

namespace larmor::events {
namespace {

using testing::must;
using testing::RulesTest;

class RetentionTest : public RulesTest {
protected:
    void publish_many(int count) {
        write([&](db::Transaction& tx) -> Result<void> {
            for (int i = 0; i < count; ++i) TRY_VOID(append(tx, "x"));
            return {};
        });
    }
    std::int64_t kept() {
        return db::testing::count(*database_, "SELECT count(*) FROM events");
    }
    Retention::Options options(std::chrono::days keep) {
        return {.keep = keep, .clock = &clock_};
    }
};

TEST_F(RetentionTest, DropsWholeDaysEachInOneTransaction) {
    publish_many(70);
    clock_.advance(std::chrono::days(1));
    publish_many(30);
    Retention retention(*database_, *log_, options(std::chrono::days(1)));
    EXPECT_EQ(must(retention.drop_old()), 0);

    clock_.advance(std::chrono::days(1));
    const auto groups = database_->stats().groups;
    EXPECT_EQ(must(retention.drop_old()), 70);
    EXPECT_EQ(database_->stats().groups - groups, 2U);  // the last one finds nothing
    EXPECT_EQ(kept(), 30);
    const auto oldest =
        must(database_->read([](db::Snapshot& snapshot) { return oldest_position(snapshot); }));
    EXPECT_EQ(oldest, (Position{1, 70}));

    clock_.advance(std::chrono::days(9));
    EXPECT_EQ(must(retention.drop_old()), 30);
    EXPECT_EQ(must(retention.drop_old()), 0);
    EXPECT_EQ(publish("x").sequence, 101);
}

TEST_F(RetentionTest, AClockThatIsSetDropsNothing) {
    publish_many(10);
    Retention retention(*database_, *log_, options(std::chrono::days(1)));
    clock_.jump(std::chrono::days(400));
    EXPECT_EQ(must(retention.drop_old()), 0);
    EXPECT_EQ(kept(), 10);
}

TEST_F(RetentionTest, ForgetsWhatCameInWithIt) {
    const IncomingEvent event{.id = "1", .source = "https://a.example", .type = "t"};
    write([&](db::Transaction& tx) { return accept_event(tx, *log_, event); });
    Retention retention(*database_, *log_, options(std::chrono::days(1)));
    clock_.advance(std::chrono::days(3));
    EXPECT_EQ(must(retention.drop_old()), 1);
    EXPECT_EQ(db::testing::count(*database_, "SELECT count(*) FROM event_inbox"), 0);
}

TEST_F(RetentionTest, StopsItsThread) {
    publish_many(10);
    Retention retention(*database_, *log_, options(std::chrono::days(1)));
    retention.start();
}

}  // namespace
}  // namespace larmor::events

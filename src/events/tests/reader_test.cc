#include <future>

#include "events/cloud_event.h"
#include "events/event_bell.h"
#include "events/event_reader.h"
#include "events/inbox.h"
#include "events/replay.h"
#include "events/tests/rules_fixture.h"

namespace larmor::events {
namespace {

using namespace std::chrono_literals;

using testing::must;
using testing::RulesTest;

class ReaderTest : public RulesTest {
protected:
    template <typename F>
    auto read(F f) {
        return database_->read(std::move(f));
    }
    Result<std::vector<StoredEvent>> page(Position after, std::size_t limit = 100) {
        return read(
            [&](db::Snapshot& snapshot) { return read_events(snapshot, after, limit); });
    }
    void drop_days_before(std::int64_t day) {
        write([&](db::Transaction& tx) -> Result<void> {
            for (;;) {
                TRY(const auto dropped, log_->drop_oldest(tx, day));
                if (dropped.is_done) return {};
            }
        });
    }
    std::vector<std::int64_t> numbers_behind(Position after) {
        std::vector<std::int64_t> numbers;
        for (const auto& event : must(page(after))) numbers.push_back(event.position.sequence);
        return numbers;
    }
    Result<Position> at(std::chrono::seconds before_now) {
        return read([&](db::Snapshot& snapshot) {
            return position_at(snapshot, clock_.now() - before_now);
        });
    }
    Accepted accept(const IncomingEvent& event) {
        return write([&](db::Transaction& tx) { return accept_event(tx, *log_, event); });
    }
};

TEST_F(ReaderTest, GoesOnPageByPageFromAPosition) {
    for (int i = 0; i < 5; ++i) publish("x");
    EXPECT_EQ(numbers_behind({1, 0}), (std::vector<std::int64_t>{1, 2, 3, 4, 5}));
    EXPECT_EQ(must(page({1, 2}, 2)).back().position, (Position{1, 4}));
    EXPECT_TRUE(numbers_behind({1, 5}).empty());
    EXPECT_EQ(must(read(newest_position)), (Position{1, 5}));
}

TEST_F(ReaderTest, APageEndsWithTheEventThatIsTooMuch) {
    const std::string large = R"({"a":")" + std::string(400'000, 'x') + R"("})";
    for (int i = 0; i < 5; ++i) publish("x", large);
    EXPECT_EQ(must(page({1, 0})).size(), 3U);
}

TEST_F(ReaderTest, WhatIsNoLongerKeptIsAnErrorAndNotAGap) {
    publish("yesterday");
    publish("yesterday");
    clock_.advance(std::chrono::seconds(2));
    publish("today");
    drop_days_before(20260102);
    EXPECT_EQ(page({1, 0}).error().code, ErrorCode::NotFound);
    EXPECT_EQ(page({1, 1}).error().code, ErrorCode::NotFound);
    EXPECT_EQ(numbers_behind({1, 2}), std::vector<std::int64_t>{3});
    EXPECT_EQ(must(read(oldest_position)), (Position{1, 2}));
    EXPECT_EQ(at(std::chrono::hours(1)).error().code, ErrorCode::NotFound);
    EXPECT_EQ(must(at(std::chrono::seconds(0))), (Position{1, 2}));

    // With all of them gone the end is still a place to go on from.
    drop_days_before(20260103);
    EXPECT_TRUE(numbers_behind(must(read(newest_position))).empty());
    EXPECT_EQ(page({1, 2}).error().code, ErrorCode::NotFound);
}

TEST_F(ReaderTest, WhatWasGivenOutBeforeARestoreIsNoPosition) {
    publish("kept");
    write([&](db::Transaction& tx) { return log_->begin_epoch(tx); });
    publish("after the restore");
    publish("after the restore");
    EXPECT_EQ(numbers_behind({1, 1}), (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(page({1, 2}).error().code, ErrorCode::NotFound);
    EXPECT_EQ(page({1, 9}).error().code, ErrorCode::NotFound);
    EXPECT_EQ(page({2, 9}).error().code, ErrorCode::NotFound);
    EXPECT_EQ(must(page({2, 2})).at(0).position, (Position{2, 3}));
}

TEST_F(ReaderTest, FindsATime) {
    for (int i = 1; i <= 40; ++i) {
        publish("x");
        clock_.advance(std::chrono::seconds(10));
    }
    // Event 40 is 10 s old, event 31 is 100 s.
    EXPECT_EQ(must(at(std::chrono::seconds(0))).sequence, 40);
    EXPECT_EQ(must(at(std::chrono::seconds(10))).sequence, 39);
    EXPECT_EQ(must(at(std::chrono::seconds(105))).sequence, 30);
    EXPECT_EQ(must(at(std::chrono::hours(1))).sequence, 0);
}

TEST_F(ReaderTest, PositionsAreReadAsTheyAreWritten) {
    EXPECT_EQ(must(parse_position(to_text({3, 1234567890123}))), (Position{3, 1234567890123}));
    for (const auto* bad : {"", "1", "1-", "-1", "1-2-3", "1-2 ", " 1-2", "-1-2", "1--2", "a-b",
                            "1-99999999999999999999"}) {
        EXPECT_FALSE(parse_position(bad)) << bad;
    }
}

TEST_F(ReaderTest, ReplaysIntoAQueue) {
    write([&](db::Transaction& tx) -> Result<void> {
        for (int i = 0; i < 700; ++i) TRY_VOID(append(tx, i % 2 == 0 ? "even" : "odd"));
        return {};
    });
    Replay replay = must(Replay::make({.target = {TargetKind::Queue, "q"},
                                       .after = {1, 1},
                                       .last_sequence = 650,
                                       .pattern = R"({"detail-type": ["odd"]})"},
                                      sink_));
    // A step whose transaction fails is done again.
    sink_.fails = true;
    EXPECT_FALSE(try_write([&](db::Transaction& tx) { return replay.step(tx); }));
    sink_.fails = false;
    int steps = 0;
    while (!replay.is_done()) {
        must(try_write([&](db::Transaction& tx) { return replay.step(tx); }));
        ++steps;
    }
    EXPECT_EQ(steps, 2);
    EXPECT_EQ(replay.sent(), 325U);
    const auto lines = sent();
    EXPECT_EQ(lines.size(), 325U);
    EXPECT_EQ(lines.front(), "q::2");
    EXPECT_EQ(lines.back(), "q::650");
}

TEST_F(ReaderTest, AcceptsAnEventOfOthersOnce) {
    const IncomingEvent event{.id = "7",
                              .source = "https://ris.example",
                              .type = "Order Placed",
                              .data = R"({"n":1})"};
    create(to_queue("orders", "Order Placed", "q"));
    EXPECT_EQ(accept(event).sequence, 1);
    const Accepted again = accept(event);
    EXPECT_TRUE(again.is_duplicate);
    EXPECT_EQ(again.sequence, 1);
    auto other = event;
    other.source = "https://other.example";
    EXPECT_FALSE(accept(other).is_duplicate);
    EXPECT_EQ(sent(), (std::vector<std::string>{"q:orders:1", "q:orders:2"}));
    EXPECT_EQ(must(page({1, 0})).at(0).source, "https://ris.example");

    clock_.advance(std::chrono::days(2));
    publish("today");
    drop_days_before(20260103);
    EXPECT_FALSE(accept(event).is_duplicate);

    auto own = event;
    own.source = Source().source;
    const auto refused =
        try_write([&](db::Transaction& tx) { return accept_event(tx, *log_, own); });
    EXPECT_EQ(refused.error().code, ErrorCode::Denied);
}

TEST_F(ReaderTest, WritesCloudEvents) {
    publish("Image Set Created", R"({"imageSetVersion":"1"})");
    auto event = must(page({1, 0})).at(0);
    event.id = "11111111-2222-4333-8444-555555555555";
    std::string json;
    append_cloud_event(json, event, {});
    EXPECT_EQ(json, R"({"specversion":"1.0","id":"11111111-2222-4333-8444-555555555555",)"
                    R"("source":"aws.medical-imaging","type":"Image Set Created",)"
                    R"("time":"2026-01-01T23:59:59.000Z","sequence":"0000000000000000001",)"
                    R"("larmorposition":"1-1","datacontenttype":"application/json",)"
                    R"("data":{"imageSetVersion":"1"}})");
    // What we write can be read.
    EXPECT_EQ(must(parse_cloud_event(json)).data, R"({"imageSetVersion":"1"})");
}

TEST(CloudEvent, RefusesWhatIsNoneAndSaysWhy) {
    const auto error_of = [](std::string_view json) {
        const auto parsed = parse_cloud_event(json);
        return parsed ? "accepted" : parsed.error().message;
    };
    EXPECT_EQ(must(parse_cloud_event(
                       R"({"specversion":"1.0","id":"a","source":"s","type":"t","x":[1]})"))
                  .data,
              "{}");
    EXPECT_EQ(must(parse_cloud_event(R"({"specversion":"1.0","id":"a","source":"s","type":"t",)"
                                     R"("data":{"n":1.10}})"))
                  .data,
              R"({"n":1.10})");
    EXPECT_EQ(error_of(R"({"specversion":"0.3","id":"a","source":"s","type":"t"})"),
              "the CloudEvents specversion is 1.0");
    EXPECT_EQ(error_of(R"({"specversion":"1.0","id":"","source":"s","type":"t"})"),
              "the CloudEvents attribute id is a text of 1 to 256 bytes without control"
              " characters");
    EXPECT_EQ(error_of(R"({"specversion":"1.0","id":"a","source":"s","type":"t","data":[1]})"),
              "the CloudEvents data is a JSON object");
    for (const auto* bad : {"", "[]", "{", R"({"specversion":"1.0","id":"a","source":"s")",
                            R"({"specversion":"1.0","id":1,"source":"s","type":"t"})",
                            R"({"specversion":"1.0","id":"a\n","source":"s","type":"t"})",
                            R"({"specversion":"1.0","id":"a","source":"s","type":"t"} x)"}) {
        EXPECT_FALSE(parse_cloud_event(bad)) << bad;
    }
}

/// Waits on its own executor, as a connection does.
class BellTest : public RulesTest {
protected:
    BellTest() { bell_.attach(*database_, *log_); }
    ~BellTest() override { database_.reset(); }
    static async::Task<void> wait_once(EventBell::Listener& listener,
                                       std::chrono::milliseconds every,
                                       std::promise<EventBell::Woken>& woken) {
        woken.set_value(co_await listener.wait(every));
    }
    std::future<EventBell::Woken> wait(EventBell::Listener& listener,
                                       std::chrono::milliseconds every = 1h) {
        promise_ = {};
        async::spawn(thread_.executor(), wait_once(listener, every, promise_));
        return promise_.get_future();
    }

    EventBell bell_;
    async::ThreadExecutor thread_{"bell"};
    std::promise<EventBell::Woken> promise_;
};

TEST_F(BellTest, RingsForEventsAndForNothingElse) {
    auto listener = bell_.listen();
    ASSERT_TRUE(listener);
    publish("before");
    EXPECT_FALSE(wait(*listener).get().is_late) << "what rang before the wait ends it";

    auto woken = wait(*listener);
    create(to_queue("no-event", "x", "q"));
    EXPECT_NE(woken.wait_for(0ms), std::future_status::ready);
    publish("x");
    EXPECT_FALSE(woken.get().is_closed);
}

TEST_F(BellTest, BeatsWhenNothingHappens) {
    auto listener = bell_.listen();
    EXPECT_TRUE(wait(*listener, 1ms).get().is_late);
    EXPECT_TRUE(wait(*listener, 1ms).get().is_late);
}

TEST_F(BellTest, EndsWaitsWhenItIsClosed) {
    auto listener = bell_.listen();
    auto woken = wait(*listener);
    bell_.close();
    EXPECT_TRUE(woken.get().is_closed);
    EXPECT_TRUE(wait(*listener).get().is_closed);
    EXPECT_FALSE(bell_.listen());
}

TEST_F(BellTest, BoundsItsListeners) {
    std::vector<EventBell::Listener> listeners;
    for (std::size_t i = 0; i < EventBell::kListenersMax; ++i) {
        listeners.push_back(*bell_.listen());
    }
    EXPECT_FALSE(bell_.listen());
    listeners.pop_back();
    EXPECT_TRUE(bell_.listen());
}

}  // namespace
}  // namespace larmor::events

#include "events/router.h"

#include <random>

#include "events/tests/rules_fixture.h"

namespace larmor::events {
namespace {

using db::testing::CountedWrite;
using db::testing::HeldWriter;
using testing::must;
using testing::RulesTest;
using Lines = std::vector<std::string>;

class RouterTest : public RulesTest {};

TEST_F(RouterTest, SendsEachEventToTheTargetsOfItsRules) {
    create(to_queue("created", "Image Set Created", "index"));
    auto both = to_queue("all", "x", "audit");
    both.pattern = R"({"detail-type": [{"prefix": "Image Set "}],
                       "source": ["aws.medical-imaging"]})";
    both.targets.push_back({TargetKind::Webhook, "https://example.org/hook"});
    create(both);
    auto off = to_queue("off", "Image Set Created", "nobody");
    off.is_enabled = false;
    create(off);

    publish("Image Set Created");
    publish("Image Set Deleted");
    publish("Job Ended");
    EXPECT_EQ(sent(), (Lines{"audit:all:1", "https://example.org/hook:all:1", "index:created:1",
                             "audit:all:2", "https://example.org/hook:all:2"}));
}

TEST_F(RouterTest, SendsWhatTheEnvelopeSays) {
    create(to_queue("version", "Image Set Created", "q"));
    publish("Image Set Created", R"({"imageSetVersion":"1"})");
    const auto events = must(database_->read(
        [](db::Snapshot& snapshot) { return EventLog::read_after(snapshot, 0, 1); }));
    const auto envelope =
        must(database_->read([](db::Snapshot& snapshot) -> Result<std::string> {
            TRY(db::Query query, snapshot.prepare("SELECT envelope FROM sent"));
            TRY_VOID(query.next());
            return query.string(0);
        }));
    EXPECT_EQ(envelope, to_envelope(events.at(0), {}));
}

TEST_F(RouterTest, RoutesAWholeGroupInTheOrderOfItsEvents) {
    create(to_queue("all", "x", "q"));
    Lines expected;
    write([&](db::Transaction& tx) -> Result<void> {
        for (int i = 1; i <= 450; ++i) {  // more than a page
            TRY_VOID(append(tx, "x"));
            expected.push_back("q:all:" + std::to_string(i));
        }
        return {};
    });
    EXPECT_EQ(sent(), expected);
}

TEST_F(RouterTest, FollowsTheRulesOfTheSameCommit) {
    const Rule rule = create(to_queue("r", "old", "q"));
    // One group: an event, then the change of the rule.
    HeldWriter held(*database_);
    CountedWrite event([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(append(tx, "new"));
        return {};
    });
    CountedWrite change([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(rules_.update(tx, to_queue("r", "new", "q2"), rule.version));
        return {};
    });
    database_->submit(event);
    database_->submit(change);
    held.release();
    must(event.wait());
    must(change.wait());
    EXPECT_EQ(sent(), Lines{"q2:r:1"});
    publish("old");
    publish("new");
    EXPECT_EQ(sent(), (Lines{"q2:r:1", "q2:r:3"}));
    write([&](db::Transaction& tx) { return rules_.remove(tx, "r", {}); });
    publish("new");
    EXPECT_EQ(sent().size(), 2U);
}

TEST_F(RouterTest, KeepsTheRulesWhenTheirChangeIsNotCommitted) {
    const Rule rule = create(to_queue("r", "old", "q"));
    const auto change_and_publish = [&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(rules_.update(tx, to_queue("r", "new", "q2"), rule.version));
        TRY_VOID(append(tx, "new"));
        return {};
    };
    // The request fails, then the whole group, after the router had the new rules already.
    EXPECT_FALSE(try_write([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(change_and_publish(tx));
        return fail(ErrorCode::Cancelled, "no");
    }));
    EXPECT_FALSE(try_write([&](db::Transaction& tx) -> Result<void> {
        tx.commit_after([]() -> Result<void> { return fail(ErrorCode::NoSpace, "no"); });
        return change_and_publish(tx);
    }));
    EXPECT_TRUE(sent().empty());
    // The number of the change that was not is given to another change.
    write([&](db::Transaction& tx) {
        return rules_.update(tx, to_queue("r", "third", "q3"), rule.version);
    });
    publish("new");
    publish("third");
    EXPECT_EQ(sent(), Lines{"q3:r:2"});
}

TEST_F(RouterTest, ASinkThatFailsTakesTheChangeAlong) {
    create(to_queue("r", "x", "q"));
    sink_.fails = true;
    EXPECT_FALSE(try_write([&](db::Transaction& tx) { return append(tx, "x"); }));
    EXPECT_TRUE(try_write([&](db::Transaction& tx) { return append(tx, "other"); }));
    sink_.fails = false;
    EXPECT_EQ(publish("x").sequence, 2);
    EXPECT_EQ(sent(), Lines{"q:r:2"});
}

TEST_F(RouterTest, ACommittedChangeIsAlwaysPublishedAndARolledBackOneNever) {
    constexpr int kThreads = 4;
    constexpr int kWrites = 75;
    write([](db::Transaction& tx) {
        return tx.run_script("CREATE TABLE changes (id INTEGER PRIMARY KEY, type TEXT)");
    });
    create(to_queue("even", "0", "even"));
    create(to_queue("odd", "1", "odd"));
    // Each change writes a row and its event; some fail themselves, some take their group
    // along.
    const auto change = [this](std::mt19937& random, int id) {
        const std::string type = std::to_string(id % 2);
        const auto fate = random() % 10;
        return try_write([&](db::Transaction& tx) -> Result<void> {
            TRY_VOID(tx.run("INSERT INTO changes (id, type) VALUES (?1, ?2)", id, type));
            TRY_VOID(append(tx, type, R"({"id":)" + std::to_string(id) + "}"));
            if (fate == 0) return fail(ErrorCode::Cancelled, "this one");
            if (fate == 1) {
                tx.commit_after(
                    []() -> Result<void> { return fail(ErrorCode::NoSpace, "the group"); });
            }
            return {};
        });
    };
    std::vector<std::thread> threads;
    std::atomic<int> committed{0};
    for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            std::mt19937 random(static_cast<unsigned>(thread));
            for (int i = 0; i < kWrites; ++i) {
                if (change(random, thread * kWrites + i)) ++committed;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();

    // What is in the one table and not in the other, joined by the id in the envelope.
    const auto number = [this](const char* sql) { return db::testing::count(*database_, sql); };
    EXPECT_GT(committed.load(), 100);
    EXPECT_EQ(number("SELECT count(*) FROM changes"), committed.load());
    EXPECT_EQ(number("SELECT count(*) FROM sent"), committed.load());
    EXPECT_EQ(number("SELECT count(DISTINCT c.id) FROM (SELECT target,"
                     " json_extract(envelope, '$.detail.id') AS id FROM sent) s"
                     " JOIN changes c ON c.id = s.id AND s.target ="
                     " CASE c.type WHEN '0' THEN 'even' ELSE 'odd' END"),
              committed.load());
    EXPECT_EQ(number("SELECT count(DISTINCT sequence) FROM sent"), committed.load());
    EXPECT_EQ(log_->last().sequence, committed.load());
}

}  // namespace
}  // namespace larmor::events

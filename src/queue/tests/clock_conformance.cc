#include "queue/tests/queue_conformance.h"

namespace larmor::queue {

TEST_P(QueueConformance, AClockThatIsSetForwardEndsNoVisibilityTimeoutAndNoDelay) {
    send({.body = "later", .delay = 1h});
    send({.body = "now", .priority = 1});
    const Message message = receive_one({.visibility_timeout = 1h});
    under_test_->set_wall_clock(24h);
    EXPECT_TRUE(receive(10).empty());
    let_pass(59min);
    EXPECT_TRUE(receive(10).empty());
    EXPECT_TRUE(extend(message, 10min));
    let_pass(1min);
    EXPECT_EQ(bodies_of(receive(10)), Bodies{"later"});
    EXPECT_TRUE(remove(message));
}

TEST_P(QueueConformance, AClockThatIsSetBackProlongsNothing) {
    send({.body = "later", .delay = 1h});
    send({.body = "now", .priority = 1});
    receive_one({.visibility_timeout = 1h});
    under_test_->set_wall_clock(-24h);
    let_pass(1h);
    EXPECT_EQ(bodies_of(receive(10)), Bodies{"now"}) << "it is suspect: alone";
    EXPECT_EQ(bodies_of(receive(10)), Bodies{"later"});
}

TEST_P(QueueConformance, AClockThatWasSetBackBeforeARestartProlongsNothing) {
    send({.body = "later", .delay = 1h});
    send({.body = "now", .priority = 1});
    receive_one({.visibility_timeout = 1h});
    under_test_->set_wall_clock(-24h);
    reopen();
    let_pass(1h);
    EXPECT_EQ(bodies_of(receive(10)), Bodies{"now"});
    EXPECT_EQ(bodies_of(receive(10)), Bodies{"later"});
}

TEST_P(QueueConformance, ADeduplicationWindowIsAsLongAsItWasWhateverTheClockDoes) {
    for (const auto step : {24h, -48h}) {
        const std::string id = std::to_string(step.count());
        send({.body = "first", .deduplication_id = id});
        under_test_->set_wall_clock(step);
        let_pass(4min);
        send({.body = "duplicate", .deduplication_id = id});
        let_pass(1min);
        send({.body = "second", .deduplication_id = id});
        const auto received = receive(10);
        EXPECT_EQ(bodies_of(received), (Bodies{"first", "second"}));
        for (const auto& message : received) EXPECT_TRUE(remove(message));
    }
}

TEST_P(QueueConformance, SettingsAreKeptAndCanBeChanged) {
    const QueueSettings settings{.fifo = false,
                                 .visibility_timeout = 7s,
                                 .receive_count_max = 2,
                                 .deduplication_window = 1s,
                                 .depth_max = 10};
    Queue& made = make_queue("settings", settings);
    EXPECT_EQ(made.settings(), settings);
    EXPECT_EQ(&make_queue("settings", {}), &made) << "what is there stays as it is";
    EXPECT_EQ(made.settings(), settings);
    EXPECT_EQ(queues().create("settings", {.fifo = true}).error().code, ErrorCode::Conflict);

    QueueSettings changed = settings;
    changed.visibility_timeout = 9s;
    EXPECT_TRUE(queues().update("settings", changed));
    EXPECT_EQ(made.settings(), changed);
    changed.fifo = true;
    EXPECT_EQ(queues().update("settings", changed).error().code, ErrorCode::Conflict);
    changed = {.receive_count_max = 0};
    EXPECT_EQ(queues().update("settings", changed).error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(queues().update("nobody", {}).error().code, ErrorCode::NotFound);

    reopen("settings");
    EXPECT_EQ(queue().settings().visibility_timeout, 9s);
    send("{}");
    receive_one();
    let_pass(9s);
    EXPECT_EQ(receive(1).size(), 1U);
}

TEST_P(QueueConformance, ListsQueuesByNameAndRefusesBadNames) {
    make_queue("b", {});
    make_queue("a.1_x-y", {});
    const auto all = queues().list();
    ASSERT_TRUE(all);
    Bodies names;
    for (const auto* queue : *all) names.push_back(queue->name());
    EXPECT_EQ(names, (Bodies{"a.1_x-y", "b", "work"}));
    EXPECT_EQ(queues().open("c").error().code, ErrorCode::NotFound);
    for (const std::string& name : {std::string(), std::string("A"), std::string("a b"),
                                    std::string("a/b"), std::string(81, 'a')}) {
        EXPECT_EQ(queues().create(name, {}).error().code, ErrorCode::InvalidInput) << name;
    }
}

}  // namespace larmor::queue

#include <thread>

#include "queue/tests/queue_conformance.h"

namespace larmor::queue {

TEST_P(QueueConformance, DeliversWhatWasSent) {
    const std::string body("any\0bytes\xff", 10);
    const MessageId id = send({.body = body, .schema_version = 3, .priority = -2});

    const Message message = receive_one({.schema_version_max = 3});

    EXPECT_EQ(message.id, id);
    EXPECT_EQ(message.body, body);
    EXPECT_EQ(message.receive_count, 1);
    EXPECT_EQ(message.start_count, 1);
    EXPECT_EQ(message.schema_version, 3);
    EXPECT_EQ(message.priority, -2);
    EXPECT_EQ(message.last_error, "");
    EXPECT_FALSE(message.suspect);
    EXPECT_TRUE(receive(10).empty());
    EXPECT_TRUE(remove(message));
    EXPECT_EQ(stats().depth(), 0);
}

TEST_P(QueueConformance, KeepsAnEmptyBody) {
    send("");
    EXPECT_EQ(receive_one().body, "");
}

TEST_P(QueueConformance, DeliversByPriorityThenByAge) {
    send({.body = "low", .priority = -1});
    send_many(3);
    send({.body = "high", .priority = 7});

    EXPECT_EQ(bodies_of(receive(2)), (Bodies{"high", "0"}));
    EXPECT_EQ(bodies_of(receive(10)), (Bodies{"1", "2", "low"}));
}

TEST_P(QueueConformance, GivesOnlyThePrioritiesThatAreAskedFor) {
    send({.body = "low", .priority = -1});
    send({.body = "high", .priority = 7});
    send({.body = "middle"});

    EXPECT_EQ(bodies_of(receive({.messages_max = 10, .priority_min = 8})), Bodies{});
    EXPECT_EQ(bodies_of(receive({.messages_max = 10, .priority_max = 6})),
              (Bodies{"middle", "low"}));
    EXPECT_EQ(bodies_of(receive({.messages_max = 10, .priority_min = 7})), Bodies{"high"});
}

TEST_P(QueueConformance, GivesAtMostAsManyAsAskedFor) {
    send_many(5);
    EXPECT_EQ(receive(3).size(), 3U);
    EXPECT_EQ(receive(3).size(), 2U);
    EXPECT_EQ(receive(3).size(), 0U);
}

TEST_P(QueueConformance, NumbersMessagesInTheOrderOfSendingAndNeverTwice) {
    const MessageId first = send("a");
    const MessageId second = send("b");
    EXPECT_LT(first, second);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(remove(receive_one()));
    EXPECT_LT(second, send("c"));
    EXPECT_TRUE(remove(receive_one()));
    reopen();
    EXPECT_LT(second, send("d"));
}

TEST_P(QueueConformance, DeliversAgainAfterTheVisibilityTimeout) {
    send("{}");
    const Message first = receive_one({.visibility_timeout = 2h});
    let_pass(119min);
    EXPECT_TRUE(receive(1).empty());

    let_pass(1min);
    const Message second = receive_one();

    EXPECT_EQ(second.receive_count, 2);
    EXPECT_NE(second.receipt_handle, first.receipt_handle);
    EXPECT_EQ(remove(first).error().code, ErrorCode::Conflict);
    EXPECT_EQ(extend(first, 1s).error().code, ErrorCode::Conflict);
    EXPECT_EQ(start(first).error().code, ErrorCode::Conflict);
    EXPECT_EQ(release(first, {}).error().code, ErrorCode::Conflict);
    EXPECT_EQ(dead_letter(first, "no", "").error().code, ErrorCode::Conflict);
    EXPECT_TRUE(remove(second));
}

TEST_P(QueueConformance, AHandleIsStaleOnceTheTimeoutIsOverAlsoBeforeAnybodyElseHasIt) {
    send("{}");
    const Message message = receive_one({.visibility_timeout = 2s});
    let_pass(2s);
    EXPECT_EQ(remove(message).error().code, ErrorCode::Conflict);
    EXPECT_EQ(extend(message, 1s).error().code, ErrorCode::Conflict);
    EXPECT_EQ(receive(1).size(), 1U);
}

TEST_P(QueueConformance, AHandleIsStaleAfterItsOutcome) {
    send("{}");
    const Message message = receive_one();
    EXPECT_TRUE(remove(message));
    EXPECT_EQ(remove(message).error().code, ErrorCode::Conflict);

    send("{}");
    const Message released = receive_one();
    EXPECT_TRUE(release(released, {}));
    EXPECT_EQ(remove(released).error().code, ErrorCode::Conflict);
}

TEST_P(QueueConformance, UsesTheQueuesVisibilityTimeoutWhereNoneIsSaid) {
    use({.visibility_timeout = 90min});
    send("{}");
    receive_one();
    let_pass(89min);
    EXPECT_TRUE(receive(1).empty());
    let_pass(1min);
    EXPECT_EQ(receive(1).size(), 1U);
}

TEST_P(QueueConformance, ExtendingBeginsTheVisibilityTimeoutAgain) {
    send("{}");
    const Message message = receive_one({.visibility_timeout = 2h});
    let_pass(1h);
    EXPECT_TRUE(extend(message, 10h));
    let_pass(9h);
    EXPECT_TRUE(receive(1).empty());
    EXPECT_TRUE(remove(message));
}

TEST_P(QueueConformance, ADelayedMessageComesWhenItsTimeHasCome) {
    send({.body = "later", .delay = 10h});
    send("now");
    EXPECT_EQ(stats().delayed, 1);
    const Message now = receive_one();
    EXPECT_EQ(now.body, "now");
    EXPECT_TRUE(remove(now));
    let_pass(9h);
    EXPECT_TRUE(receive(10).empty());
    let_pass(1h);
    EXPECT_EQ(bodies_of(receive(10)), Bodies{"later"});
}

TEST_P(QueueConformance, KeepsItsMessagesOverARestart) {
    send("a");
    send({.body = "b", .delay = 10h});
    reopen();
    const Message first = receive_one();
    EXPECT_EQ(first.body, "a");
    EXPECT_TRUE(remove(first));
    let_pass(10h);
    EXPECT_EQ(bodies_of(receive(10)), Bodies{"b"});
}

TEST_P(QueueConformance, WhatWasInFlightComesBackAfterARestart) {
    send("{}");
    const Message message = receive_one();
    reopen();
    let_pass(31s);
    const Message again = receive_one();
    EXPECT_EQ(again.receive_count, 2);
    EXPECT_TRUE(again.suspect) << "its start had no outcome";
    EXPECT_EQ(remove(message).error().code, ErrorCode::Conflict);
}

TEST_P(QueueConformance, AMessageOfAnUnknownSchemaVersionWaitsUncounted) {
    send({.body = "new", .schema_version = 2, .priority = 1});
    send("old");
    EXPECT_EQ(bodies_of(receive({.messages_max = 10, .schema_version_max = 1})), Bodies{"old"});
    EXPECT_TRUE(receive({.messages_max = 10, .schema_version_max = 1}).empty());
    EXPECT_EQ(stats().waiting, 1);

    const Message message = receive_one({.schema_version_max = 2});
    EXPECT_EQ(message.body, "new");
    EXPECT_EQ(message.receive_count, 1);
}

TEST_P(QueueConformance, MixesSchemaVersionsByPriorityAndAge) {
    send({.body = "a", .schema_version = 2});
    send({.body = "b", .schema_version = 1});
    send({.body = "c", .schema_version = 2});
    send({.body = "d", .schema_version = 1, .priority = 1});
    EXPECT_EQ(bodies_of(receive({.messages_max = 3, .schema_version_max = 2})),
              (Bodies{"d", "a", "b"}));
}

TEST_P(QueueConformance, IsSeparateFromOtherQueues) {
    Queue& other = make_queue("other", {});
    const MessageId id = send("mine");
    EXPECT_TRUE(async::sync_wait(other.receive({}))->empty());
    EXPECT_EQ(other.stats()->depth(), 0);
    EXPECT_EQ(other.read_body(id).error().code, ErrorCode::NotFound);
    const Message message = receive_one();
    const auto refused = async::sync_wait(other.remove(std::vector{message.receipt_handle}));
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(*other.purge(), 0);
    EXPECT_TRUE(remove(message));
}

TEST_P(QueueConformance, RefusesWhatIsBeyondItsLimits) {
    const auto refused = [&](NewMessage message) {
        const auto sent = try_send({std::move(message)});
        return !sent && sent.error().code == ErrorCode::InvalidInput;
    };
    EXPECT_TRUE(refused({.body = std::string(limits::kBodyBytes + 1, 'x')}));
    EXPECT_FALSE(refused({.body = std::string(limits::kBodyBytes, 'x')}));
    EXPECT_TRUE(refused({.body = "", .delay = limits::kDelay + 1us}));
    EXPECT_TRUE(refused({.body = "", .delay = -1us}));
    EXPECT_TRUE(refused({.body = "", .deduplication_id = std::string(129, 'x')}));
    EXPECT_TRUE(refused({.body = "", .deduplication_id = "a b"}));
    EXPECT_TRUE(refused({.body = "", .message_group = "g"})) << "this queue is not FIFO";
    EXPECT_TRUE(refused({.body = "", .schema_version = -1}));
    EXPECT_FALSE(try_send(std::vector<NewMessage>(limits::kMessages + 1)));
    EXPECT_TRUE(try_send({}));
    EXPECT_EQ(stats().depth(), 1);

    const auto receive_refused = [&](const ReceiveOptions& options) {
        const auto received = async::sync_wait(queue().receive(options));
        return !received && received.error().code == ErrorCode::InvalidInput;
    };
    EXPECT_TRUE(receive_refused({.messages_max = 0}));
    EXPECT_TRUE(receive_refused({.messages_max = limits::kMessages + 1}));
    EXPECT_TRUE(receive_refused({.wait_max = limits::kWait + 1us}));
    EXPECT_TRUE(receive_refused({.visibility_timeout = 0us}));
    for (const char* handle : {"", "x", "1-", "-1", "1-2-3", "1_2", "zz-1", "-5--6"}) {
        const auto removed = async::sync_wait(queue().remove(std::vector<std::string>{handle}));
        EXPECT_EQ(removed.error().code, ErrorCode::InvalidInput) << handle;
    }
}

TEST_P(QueueConformance, BoundsTheBytesOfABatch) {
    constexpr std::size_t kLarge = limits::kBatchBytes / limits::kBodyBytes;  // 64
    const NewMessage large{.body = std::string(limits::kBodyBytes, 'x')};
    EXPECT_FALSE(try_send(std::vector<NewMessage>(kLarge + 1, large)));
    EXPECT_TRUE(try_send(std::vector<NewMessage>(kLarge, large)));
    send({.body = "other version", .schema_version = 2});
    send(large);
    EXPECT_EQ(receive({.messages_max = 1000, .schema_version_max = 2}).size(), kLarge);
    EXPECT_EQ(receive({.messages_max = 1000, .schema_version_max = 2}).size(), 2U);
}

TEST_P(QueueConformance, RefusesMoreThanItsDepthMaxAndKeepsNothingOfTheCall) {
    use({.depth_max = 3});
    send_many(2);
    EXPECT_EQ(try_send({{.body = "c"}, {.body = "d"}}).error().code, ErrorCode::LimitExceeded);
    EXPECT_EQ(stats().depth(), 2);
    send("c");
    EXPECT_EQ(receive(10).size(), 3U);
    EXPECT_FALSE(try_send({{.body = "d"}})) << "what is in flight counts";
}

TEST_P(QueueConformance, RefusesMoreThanItsDepthMaxInACallersTransaction) {
    use({.depth_max = 1});
    const std::vector<NewMessage> two{{.body = "a"}, {.body = "b"}};
    const auto sent = database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(queue().send(tx, two));
        return {};
    });
    EXPECT_EQ(sent.error().code, ErrorCode::LimitExceeded);
    EXPECT_EQ(stats().depth(), 0);
}

}  // namespace larmor::queue

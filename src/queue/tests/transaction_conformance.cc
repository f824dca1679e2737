#include "queue/tests/queue_conformance.h"

namespace larmor::queue {
namespace {

Result<void> send_in(db::Transaction& tx, Queue& queue, const std::string& body) {
    const NewMessage message{.body = body};
    TRY_VOID(queue.send(tx, std::span(&message, 1)));
    return {};
}

}  // namespace

TEST_P(QueueConformance, WhatATransactionSendsIsThereWhenItCommits) {
    EXPECT_TRUE(database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(send_in(tx, queue(), "a"));
        return send_in(tx, queue(), "b");
    }));
    EXPECT_EQ(bodies_of(receive(10)), (Bodies{"a", "b"}));
}

TEST_P(QueueConformance, WhatATransactionSendsIsGoneWhenItRollsBack) {
    EXPECT_FALSE(database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(send_in(tx, queue(), "a"));
        return fail(ErrorCode::Cancelled, "changed my mind");
    }));
    EXPECT_TRUE(receive(10).empty());
    EXPECT_EQ(stats().depth(), 0);
}

TEST_P(QueueConformance, AStepsChangesNextMessagesAndRemovalAreOneTransaction) {
    Queue& next = make_queue("next", {});
    send("{}");
    const Message message = receive_one({.visibility_timeout = 2s});
    const auto step = [&](const std::string& handle) {
        return database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
            TRY_VOID(send_in(tx, next, "made of it"));
            return queue().remove(tx, handle);
        });
    };
    let_pass(2s);
    const Message again = receive_one();

    EXPECT_EQ(step(message.receipt_handle).error().code, ErrorCode::Conflict);
    EXPECT_EQ(next.stats()->depth(), 0) << "a stale receipt rolls the step back";
    EXPECT_EQ(stats().in_flight, 1);

    EXPECT_TRUE(step(again.receipt_handle));
    EXPECT_EQ(next.stats()->waiting, 1);
    EXPECT_EQ(stats().depth(), 0);
}

TEST_P(QueueConformance, ARemovalThatRollsBackLeavesTheMessageInFlight) {
    send("{}");
    const Message message = receive_one({.visibility_timeout = 2h});
    EXPECT_FALSE(database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(queue().remove(tx, message.receipt_handle));
        return fail(ErrorCode::Cancelled, "the step failed");
    }));
    EXPECT_TRUE(receive(1).empty());
    EXPECT_TRUE(extend(message, 2h));
    let_pass(2h);
    EXPECT_EQ(receive_one().receive_count, 2);
}

TEST_P(QueueConformance, OutcomesThatRollBackChangeNothing) {
    use({.receive_count_max = 1});
    send("{}");
    const Message message = receive_one();
    const auto roll_back = [&](auto outcome) {
        EXPECT_FALSE(database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
            TRY_VOID(outcome(tx));
            return fail(ErrorCode::Cancelled, "no");
        }));
    };
    roll_back([&](db::Transaction& tx) {
        return queue().release(tx, message.receipt_handle, {.error = "e"});
    });
    roll_back([&](db::Transaction& tx) {
        return queue().dead_letter(tx, message.receipt_handle, "r", "e");
    });
    roll_back([&](db::Transaction& tx) { return queue().start(tx, message.receipt_handle); });
    EXPECT_EQ(stats().in_flight, 1);
    EXPECT_EQ(stats().dead, 0);
    EXPECT_TRUE(remove(message));
}

TEST_P(QueueConformance, RemovesAllOrNone) {
    send_many(2);
    const auto messages = receive(2);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_TRUE(remove(messages[1]));
    const std::vector<std::string> both{messages[0].receipt_handle, messages[1].receipt_handle};
    EXPECT_EQ(async::sync_wait(queue().remove(both)).error().code, ErrorCode::Conflict);
    EXPECT_EQ(stats().in_flight, 1);
    EXPECT_TRUE(remove(messages[0]));
}

TEST_P(QueueConformance, ASecondMessageOfADeduplicationIdIsNotSent) {
    const auto sent = try_send({{.body = "a", .deduplication_id = "1"},
                                {.body = "b", .deduplication_id = "1"},
                                {.body = "c", .deduplication_id = "2"}});
    ASSERT_TRUE(sent);
    EXPECT_FALSE((*sent)[0].duplicate);
    EXPECT_TRUE((*sent)[1].duplicate);
    EXPECT_EQ((*sent)[1].id, (*sent)[0].id);
    EXPECT_FALSE((*sent)[2].duplicate);
    EXPECT_EQ(send({.body = "d", .deduplication_id = "1"}), (*sent)[0].id);
    EXPECT_EQ(stats().waiting, 2);
    EXPECT_EQ(bodies_of(receive(10)), (Bodies{"a", "c"}));
}

TEST_P(QueueConformance, RemembersADeduplicationIdForItsWindowAlsoAfterTheRemoval) {
    use({.deduplication_window = 60min});
    send({.body = "a", .deduplication_id = "1"});
    EXPECT_TRUE(remove(receive_one()));
    let_pass(59min);
    send({.body = "b", .deduplication_id = "1"});
    EXPECT_TRUE(receive(1).empty());
    let_pass(1min);
    send({.body = "c", .deduplication_id = "1"});
    EXPECT_EQ(receive_one().body, "c");
    let_pass(59min);
    send({.body = "d", .deduplication_id = "1"});
    EXPECT_EQ(stats().waiting, 0) << "the window began again with c";
}

TEST_P(QueueConformance, ForgetsTheDeduplicationIdOfWhatRolledBack) {
    const NewMessage message{.body = "a", .deduplication_id = "1"};
    EXPECT_FALSE(database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(queue().send(tx, std::span(&message, 1)));
        return fail(ErrorCode::Cancelled, "no");
    }));
    send(message);
    EXPECT_EQ(receive(10).size(), 1U);
}

TEST_P(QueueConformance, QueuesHaveDeduplicationIdsOfTheirOwn) {
    send({.body = "a", .deduplication_id = "1"});
    queue_ = &make_queue("other", {});
    send({.body = "a", .deduplication_id = "1"});
    EXPECT_EQ(stats().waiting, 1);
}

}  // namespace larmor::queue

#include "queue/tests/queue_conformance.h"

namespace larmor::queue {

namespace {
NewMessage of_group(std::string group, std::string body, microseconds delay = 0us) {
    return {.body = std::move(body), .delay = delay, .message_group = std::move(group)};
}
}  // namespace

TEST_P(QueueConformance, AFifoQueueWantsAGroupForEveryMessage) {
    use({.fifo = true});
    EXPECT_EQ(try_send({{.body = "a"}}).error().code, ErrorCode::InvalidInput);
    send(of_group("g", "a"));
    EXPECT_EQ(receive_one().message_group, "g");
}

TEST_P(QueueConformance, DeliversAGroupInOrderOneAtATime) {
    use({.fifo = true});
    for (const char* body : {"a1", "a2", "a3"}) send(of_group("a", body));
    for (const char* body : {"b1", "b2"}) send(of_group("b", body));
    EXPECT_EQ(stats().waiting, 5);

    const auto first = receive(10);
    EXPECT_EQ(bodies_of(first), (Bodies{"a1", "b1"}));
    EXPECT_TRUE(receive(10).empty());
    EXPECT_EQ(stats().waiting, 3);
    EXPECT_EQ(stats().in_flight, 2);

    EXPECT_TRUE(remove(first[0]));
    const Message a2 = receive_one({.messages_max = 10});
    EXPECT_EQ(a2.body, "a2");
    EXPECT_TRUE(remove(first[1]));
    EXPECT_TRUE(remove(a2));
    EXPECT_EQ(bodies_of(receive(10)), (Bodies{"a3", "b2"}));
}

TEST_P(QueueConformance, AGroupWaitsForItsFirstMessageWhateverHappensToIt) {
    use({.fifo = true, .visibility_timeout = 2h});
    send(of_group("a", "a1"));
    send(of_group("a", "a2"));
    receive_one();
    let_pass(2h);
    const Message again = receive_one({.messages_max = 10});
    EXPECT_EQ(again.body, "a1") << "its visibility timeout was over";
    EXPECT_TRUE(release(again, {.retry_after = 5h}));
    EXPECT_TRUE(receive(10).empty());
    let_pass(5h);
    EXPECT_EQ(bodies_of(receive(10)), Bodies{"a1"});
}

TEST_P(QueueConformance, ADeadLetterLetsItsGroupGoOn) {
    use({.fifo = true, .visibility_timeout = 2h, .receive_count_max = 1});
    for (const char* body : {"a1", "a2", "a3", "a4"}) send(of_group("a", body));
    EXPECT_TRUE(dead_letter(receive_one(), "r", ""));
    EXPECT_TRUE(release(receive_one(), {}));
    EXPECT_EQ(receive_one().body, "a3");
    let_pass(2h);
    EXPECT_EQ(receive_one().body, "a4");
    EXPECT_EQ(stats().dead, 3);
}

TEST_P(QueueConformance, ADelayedMessageHoldsUpItsGroup) {
    use({.fifo = true});
    send(of_group("a", "a1", 10h));
    send(of_group("a", "a2"));
    send(of_group("b", "b1"));
    const Message b1 = receive_one({.messages_max = 10});
    EXPECT_EQ(b1.body, "b1");
    EXPECT_TRUE(remove(b1));
    let_pass(10h);
    const Message a1 = receive_one({.messages_max = 10});
    EXPECT_EQ(a1.body, "a1");

    send(of_group("a", "a3", 60h));
    EXPECT_TRUE(remove(a1));
    EXPECT_TRUE(remove(receive_one()));  // a2
    EXPECT_EQ(stats().delayed, 1);
    EXPECT_TRUE(receive(10).empty()) << "a3 has a delay of its own";
    let_pass(60h);
    EXPECT_EQ(bodies_of(receive(10)), Bodies{"a3"});
}

TEST_P(QueueConformance, AGroupGoesOnOnlyWhenTheRemovalCommits) {
    use({.fifo = true});
    send(of_group("a", "a1"));
    send(of_group("a", "a2"));
    const Message a1 = receive_one();
    EXPECT_FALSE(database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(queue().remove(tx, a1.receipt_handle));
        return fail(ErrorCode::Cancelled, "no");
    }));
    EXPECT_TRUE(receive(10).empty());
    EXPECT_TRUE(remove(a1));
    EXPECT_EQ(bodies_of(receive(10)), Bodies{"a2"});
}

TEST_P(QueueConformance, ARedrivenMessageComesLastOfItsGroup) {
    use({.fifo = true});
    for (const char* body : {"a1", "a2"}) send(of_group("a", body));
    EXPECT_TRUE(dead_letter(receive_one(), "r", ""));
    EXPECT_EQ(*queue().redrive_all(), 1);
    const Message a2 = receive_one({.messages_max = 10});
    EXPECT_EQ(a2.body, "a2");
    EXPECT_TRUE(remove(a2));
    EXPECT_EQ(receive_one().body, "a1");
}

TEST_P(QueueConformance, AGroupGoesOnAfterAPurge) {
    use({.fifo = true});
    EXPECT_TRUE(try_send(std::vector<NewMessage>(600, of_group("a", "old"))));
    receive_one();
    EXPECT_EQ(*queue().purge(), 600);
    send(of_group("a", "new"));
    EXPECT_EQ(receive_one().body, "new");
}

TEST_P(QueueConformance, AGroupWithAMessageOfAnUnknownVersionWaitsAndOthersDoNot) {
    use({.fifo = true});
    send({.body = "a1", .message_group = "a", .schema_version = 2});
    send(of_group("a", "a2"));
    send(of_group("b", "b1"));
    EXPECT_EQ(bodies_of(receive(10)), Bodies{"b1"});
    EXPECT_EQ(bodies_of(receive({.messages_max = 10, .schema_version_max = 2})), Bodies{"a1"});
}

TEST_P(QueueConformance, DuplicatesOfAGroupAreCountedOnce) {
    use({.fifo = true});
    for (int i = 0; i < 3; ++i) {
        send({.body = "a", .deduplication_id = "1", .message_group = "a"});
    }
    EXPECT_EQ(stats().waiting, 1);
    EXPECT_TRUE(remove(receive_one()));
    EXPECT_EQ(stats().depth(), 0);
}

}  // namespace larmor::queue

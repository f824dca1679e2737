#include <thread>

#include "queue/tests/queue_conformance.h"

namespace larmor::queue {
namespace {

/// A receive on a thread of its own. With a poll of an hour only a hint ends it before its
/// time.
class Receiver {
public:
    Receiver(Queue& queue, ReceiveOptions options)
        : thread_([this, &queue, options = std::move(options)] {
              received_ = async::sync_wait(queue.receive(options));
          }) {}
    std::vector<Message> join() {
        thread_.join();
        if (received_) return *received_;
        ADD_FAILURE() << received_.error().message;
        return {};
    }

private:
    Result<std::vector<Message>> received_;
    std::thread thread_;
};

}  // namespace

TEST_P(QueueConformance, ASendWakesWhoWaits) {
    Receiver receiver(queue(), {.messages_max = 10, .wait_max = 60s});
    send("{}");
    EXPECT_EQ(receiver.join().size(), 1U);
}

TEST_P(QueueConformance, EachOfManyWaitingReceiversIsWokenForAMessageOfItsOwn) {
    std::vector<std::unique_ptr<Receiver>> receivers;
    for (int i = 0; i < 8; ++i) {
        receivers.push_back(std::make_unique<Receiver>(
            queue(), ReceiveOptions{.messages_max = 1, .wait_max = 60s}));
    }
    send_many(5);
    for (int i = 0; i < 3; ++i) send("{}");
    for (auto& receiver : receivers) EXPECT_EQ(receiver->join().size(), 1U);
}

TEST_P(QueueConformance, WhoWaitsForOtherPrioritiesIsInNobodysWay) {
    async::CancelSource source;
    Receiver others(queue(), {.wait_max = 60s, .priority_min = 5, .stop = source.token()});
    Receiver any(queue(), {.wait_max = 60s});
    Receiver low(queue(), {.wait_max = 60s, .priority_max = 4});
    send_many(2);
    EXPECT_EQ(any.join().size(), 1U);
    EXPECT_EQ(low.join().size(), 1U);
    source.cancel();
    EXPECT_TRUE(others.join().empty());
}

TEST_P(QueueConformance, WhatComesBackOrIsPromotedWakesWhoWaits) {
    send("{}");
    const Message message = receive_one();
    Receiver receiver(queue(), {.wait_max = 60s});
    EXPECT_TRUE(release(message, {}));
    EXPECT_EQ(receiver.join().size(), 1U);

    use({.fifo = true});
    for (int i = 0; i < 2; ++i) send({.body = "{}", .message_group = "a"});
    const Message first = receive_one();
    Receiver next(queue(), {.wait_max = 60s});
    EXPECT_TRUE(remove(first));
    EXPECT_EQ(next.join().size(), 1U);
}

TEST_P(QueueConformance, WaitsNoLongerThanAskedFor) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(receive({.wait_max = 20ms}).empty());
    EXPECT_GE(std::chrono::steady_clock::now() - start, 20ms);
}

TEST_P(QueueConformance, StopsWaitingWhenItIsToldTo) {
    async::CancelSource source;
    Receiver receiver(queue(), {.wait_max = 60s, .stop = source.token()});
    source.cancel();
    EXPECT_TRUE(receiver.join().empty());

    send("{}");
    EXPECT_TRUE(receive({.wait_max = 60s, .stop = source.token()}).empty())
        << "stopped before it began";
    EXPECT_EQ(stats().waiting, 1);
}

TEST_P(QueueConformance, FindsWhatNobodyToldItOf) {
    open(5ms);
    send({.body = "{}", .delay = 1h});
    Receiver receiver(queue(), {.wait_max = 60s});
    let_pass(1h);
    EXPECT_EQ(receiver.join().size(), 1U);
}

TEST_P(QueueConformance, WhatRollsBackWakesNobody) {
    Receiver receiver(queue(), {.wait_max = 200ms});
    const NewMessage message{.body = "{}"};
    EXPECT_FALSE(database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(queue().send(tx, std::span(&message, 1)));
        return fail(ErrorCode::Cancelled, "no");
    }));
    EXPECT_TRUE(receiver.join().empty());
}

}  // namespace larmor::queue

#include <set>

#include "queue/tests/queue_conformance.h"

namespace larmor::queue {

TEST_P(QueueConformance, AReleasedMessageComesBackAfterAWhileWithItsError) {
    send("{}");
    const Message first = receive_one();
    EXPECT_TRUE(release(first, {.retry_after = 5h, .error = "no network"}));
    EXPECT_EQ(stats().delayed, 1);
    let_pass(4h);
    EXPECT_TRUE(receive(1).empty());
    let_pass(1h);

    const Message second = receive_one();
    EXPECT_EQ(second.last_error, "no network");
    EXPECT_EQ(second.receive_count, 2);
    EXPECT_FALSE(second.suspect) << "its first start had an outcome";
    EXPECT_TRUE(release(second, {}));
    EXPECT_EQ(receive_one().last_error, "no network") << "the latest that there was";
}

TEST_P(QueueConformance, CutsALongErrorAtAWholeCharacter) {
    send("{}");
    // 4,095 bytes, then a character of two.
    const std::string error = std::string(limits::kErrorBytes - 1, 'x') + "\xc3\xa4";
    EXPECT_TRUE(release(receive_one(), {.error = error}));
    EXPECT_EQ(receive_one().last_error, std::string(limits::kErrorBytes - 1, 'x'));
}

TEST_P(QueueConformance, IsADeadLetterAfterSoManyStartsWithoutSuccess) {
    use({.receive_count_max = 3});
    const MessageId id = send({.body = "poor", .priority = 4});
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(stats().dead, 0);
        const Message message = receive_one();
        EXPECT_EQ(message.start_count, i);
        EXPECT_TRUE(release(message, {.error = "error " + std::to_string(i)}));
    }
    EXPECT_TRUE(receive(1).empty());
    EXPECT_EQ(stats().depth(), 0);
    ASSERT_EQ(stats().dead, 1);
    const auto letter = dead_letters().at(0);
    EXPECT_EQ(letter.id, id);
    EXPECT_EQ(letter.reason, kReceiveCountMax);
    EXPECT_EQ(letter.last_error, "error 3");
    EXPECT_EQ(letter.receive_count, 3);
    EXPECT_EQ(letter.start_count, 3);
    EXPECT_EQ(letter.priority, 4);
    EXPECT_EQ(*queue().read_body(id), "poor");
}

TEST_P(QueueConformance, StartsCountAndReceivesDoNot) {
    use({.visibility_timeout = 1h, .receive_count_max = 2});
    send("{}");
    for (int i = 1; i <= 10; ++i) {
        const Message message = receive_one({.start = Start::Later});
        EXPECT_EQ(message.receive_count, i);
        EXPECT_EQ(message.start_count, 0);
        EXPECT_FALSE(message.suspect);
        let_pass(1h);
    }
    const Message message = receive_one({.start = Start::Later});
    EXPECT_TRUE(start(message));
    EXPECT_TRUE(start(message)) << "a delivery counts once";
    EXPECT_TRUE(release(message, {}));
    EXPECT_EQ(receive_one({.start = Start::Later}).start_count, 1);
}

TEST_P(QueueConformance, AReleaseWithoutAStartCostsNothing) {
    use({.receive_count_max = 1});
    send("{}");
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(release(receive_one({.start = Start::Later}), {}));
    }
    EXPECT_EQ(stats().dead, 0);
}

TEST_P(QueueConformance, AMessageStartedWithoutAnOutcomeIsReceivedAlone) {
    use({.visibility_timeout = 1h});
    send_many(5);
    const auto batch = receive({.messages_max = 5, .start = Start::Later});
    ASSERT_EQ(batch.size(), 5U);
    EXPECT_TRUE(remove(batch[0]));
    EXPECT_TRUE(start(batch[2]));
    let_pass(1h);

    EXPECT_EQ(bodies_of(receive({.messages_max = 5, .start = Start::Later})), Bodies{"1"})
        << "a batch ends before it";
    const Message alone = receive_one({.messages_max = 5, .start = Start::Later});
    EXPECT_EQ(alone.body, "2");
    EXPECT_TRUE(alone.suspect);
    EXPECT_EQ(alone.start_count, 1);
    EXPECT_EQ(bodies_of(receive({.messages_max = 5, .start = Start::Later})),
              (Bodies{"3", "4"}));

    let_pass(1h);  // alone was not started this time, and is suspect all the same
    EXPECT_EQ(receive(5).at(0).body, "1");
    EXPECT_TRUE(receive_one({.messages_max = 5}).suspect);
}

TEST_P(QueueConformance, AnOutcomeClearsTheSuspicion) {
    use({.visibility_timeout = 1h});
    send_many(2);
    EXPECT_EQ(receive_one().body, "0");
    let_pass(1h);
    const Message alone = receive_one({.messages_max = 2});
    EXPECT_EQ(alone.body, "0");
    EXPECT_TRUE(release(alone, {}));
    EXPECT_EQ(bodies_of(receive(2)), (Bodies{"0", "1"}));
}

TEST_P(QueueConformance, AMessageWhoseWorkerWasLostTooOftenIsADeadLetter) {
    use({.visibility_timeout = 1h, .receive_count_max = 2});
    send("{}");
    receive_one();
    let_pass(1h);
    EXPECT_TRUE(release(receive_one(), {.retry_after = 0us, .error = "an error before"}));
    EXPECT_EQ(dead_letters().at(0).reason, kReceiveCountMax);

    send("{}");
    for (int i = 0; i < 2; ++i) {
        receive_one();
        let_pass(1h);
    }
    EXPECT_TRUE(receive(1).empty());
    ASSERT_EQ(stats().dead, 2);
    EXPECT_EQ(dead_letters().at(1).reason, kWorkerLost);
    EXPECT_EQ(dead_letters().at(1).start_count, 2);
}

/// What a pool does, with a step that takes the worker along when it meets the poison.
TEST_P(QueueConformance, PoisonInABatchOf40BecomesADeadLetterAlone) {
    use({.visibility_timeout = 1h, .receive_count_max = 3});
    send_many(40);
    std::multiset<std::string> done;
    int lost_workers = 0;
    const ReceiveOptions options{.messages_max = 40, .start = Start::Later};
    for (auto batch = receive(options); !batch.empty(); batch = receive(options)) {
        for (const auto& message : batch) {
            ASSERT_TRUE(start(message));
            if (message.body == "17") {
                EXPECT_TRUE(batch.size() == 1 || lost_workers == 0);
                ++lost_workers;
                let_pass(1h);
                break;
            }
            done.insert(message.body);
            ASSERT_TRUE(remove(message));
        }
    }
    EXPECT_EQ(lost_workers, 3);
    EXPECT_EQ(done.size(), 39U);
    EXPECT_EQ(std::set<std::string>(done.begin(), done.end()).size(), 39U) << "each once";
    ASSERT_EQ(stats().dead, 1);
    const auto letter = dead_letters().at(0);
    EXPECT_EQ(*queue().read_body(letter.id), "17");
    EXPECT_EQ(letter.reason, kWorkerLost);
    EXPECT_EQ(letter.start_count, 3);
    EXPECT_EQ(stats().depth(), 0);
}

TEST_P(QueueConformance, DeadLettersWhatItsWorkerGivesUpOn) {
    send("{}");
    EXPECT_EQ(dead_letter(receive_one(), "", "").error().code, ErrorCode::InvalidInput);
    let_pass(30s);
    EXPECT_TRUE(dead_letter(receive_one(), "no_such_study", "study 1.2 is not here"));
    EXPECT_EQ(stats().depth(), 0);
    const auto letter = dead_letters().at(0);
    EXPECT_EQ(letter.reason, "no_such_study");
    EXPECT_EQ(letter.last_error, "study 1.2 is not here");
    let_pass(24h);
    EXPECT_TRUE(receive(1).empty());
}

TEST_P(QueueConformance, ListsDeadLettersByPage) {
    send_many(5);
    std::vector<MessageId> ids;
    for (const auto& message : receive(5)) {
        EXPECT_TRUE(dead_letter(message, "r", ""));
        ids.push_back(message.id);
    }
    const auto page = queue().list_dead_letters(MessageId{}, 2);
    ASSERT_EQ(page->size(), 2U);
    EXPECT_EQ(page->at(1).id, ids[1]);
    const auto next = queue().list_dead_letters(ids[1], 10);
    ASSERT_EQ(next->size(), 3U);
    EXPECT_EQ(next->at(0).id, ids[2]);
    EXPECT_TRUE(queue().list_dead_letters(ids[4], 10)->empty());
}

TEST_P(QueueConformance, RedrivesSelectedDeadLettersAsNewMessages) {
    send_many(3);
    std::vector<MessageId> ids;
    for (const auto& message : receive(3)) {
        EXPECT_TRUE(dead_letter(message, "r", "e"));
        ids.push_back(message.id);
    }
    let_pass(1h);
    const std::vector<MessageId> selected{ids[2], ids[0], ids[2], MessageId{12345}};
    EXPECT_EQ(*queue().redrive(selected), 2);
    EXPECT_EQ(stats().dead, 1);
    EXPECT_LT(stats().oldest_age, 30min);

    const auto messages = receive(10);
    EXPECT_EQ(bodies_of(messages), (Bodies{"2", "0"}));
    EXPECT_GT(messages[0].id, ids[2]);
    EXPECT_EQ(messages[0].receive_count, 1);
    EXPECT_EQ(messages[0].start_count, 1);
    EXPECT_EQ(*queue().redrive(selected), 0) << "they are no dead letters any more";
}

TEST_P(QueueConformance, TellsTheOldestThatIsNotDoneWhateverWasSentAnew) {
    const auto oldest = [&] {
        std::multiset<std::string> heads;
        const auto listed = database().read(
            [&](db::Snapshot& snapshot) { return queue().list_oldest(snapshot, 2); });
        for (const auto& one : *listed) heads.insert((one.is_dead ? "dead " : "") + one.head);
        return heads;
    };
    using Heads = std::multiset<std::string>;
    EXPECT_EQ(oldest(), Heads{});
    for (const char* body : {"first", "second", "third"}) send(body);
    EXPECT_EQ(oldest(), Heads{"fi"});

    const auto messages = receive(2);
    EXPECT_EQ(oldest(), Heads{"fi"}) << "in flight is not done";
    EXPECT_TRUE(dead_letter(messages[0], "r", "e"));
    EXPECT_EQ(oldest(), (Heads{"dead fi", "se"}));
    EXPECT_TRUE(remove(messages[1]));
    EXPECT_EQ(oldest(), (Heads{"dead fi", "th"}));

    EXPECT_EQ(*queue().redrive_all(), 1);
    EXPECT_EQ(oldest(), (Heads{"fi", "th"})) << "behind the third, but older";
    send(NewMessage{.body = "late", .is_late = true});
    EXPECT_EQ(oldest(), (Heads{"fi", "la", "th"}));
    for (const auto& message : receive(3)) EXPECT_TRUE(remove(message));
    EXPECT_EQ(oldest(), Heads{});
}

TEST_P(QueueConformance, RedrivesAll) {
    constexpr int kLetters = 1100;  // of more than one page
    for (int sent = 0; sent < kLetters; sent += 100) send_many(100);
    for (auto batch = receive(1000); !batch.empty(); batch = receive(1000)) {
        EXPECT_TRUE(database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
            for (const auto& message : batch) {
                TRY_VOID(queue().dead_letter(tx, message.receipt_handle, "r", "e"));
            }
            return {};
        }));
    }
    EXPECT_EQ(stats().dead, kLetters);

    EXPECT_EQ(*queue().redrive_all(), kLetters);

    EXPECT_EQ(stats().dead, 0);
    EXPECT_EQ(stats().waiting, kLetters);
    EXPECT_EQ(receive(1000).size(), 1000U);
    EXPECT_EQ(receive(1000).size(), 100U);
}

TEST_P(QueueConformance, PurgesMessagesAndDeadLettersEachOnTheirOwn) {
    send_many(600);
    send({.body = "later", .delay = 1h});
    EXPECT_TRUE(dead_letter(receive_one(), "r", "e"));
    const Message in_flight = receive_one();

    EXPECT_EQ(*queue().purge(), 600);
    EXPECT_EQ(stats().depth(), 0);
    EXPECT_EQ(stats().dead, 1);
    EXPECT_EQ(remove(in_flight).error().code, ErrorCode::Conflict);
    EXPECT_EQ(queue().read_body(in_flight.id).error().code, ErrorCode::NotFound);
    let_pass(2h);
    EXPECT_TRUE(receive(10).empty());

    EXPECT_EQ(*queue().purge_dead_letters(), 1);
    EXPECT_EQ(stats().dead, 0);
    send("goes on");
    EXPECT_EQ(receive_one().body, "goes on");
}

TEST_P(QueueConformance, CountsWhatWasSentWhateverBecameOfIt) {
    EXPECT_EQ(stats().sent, 0);
    send_many(3);
    EXPECT_EQ(stats().sent, 3);
    EXPECT_TRUE(remove(receive_one()));
    EXPECT_TRUE(dead_letter(receive_one(), "r", "e"));
    EXPECT_EQ(stats().sent, 3);
    EXPECT_EQ(*queue().redrive_all(), 1);
    EXPECT_EQ(stats().sent, 4);
    EXPECT_EQ(*queue().purge(), 2);
    EXPECT_EQ(stats().sent, 4);
}

TEST_P(QueueConformance, SaysHowManyMessagesAreInWhichStateAndHowOldTheOldestIs) {
    EXPECT_EQ(stats().oldest_age, 0s);
    send_many(3);
    let_pass(10min);
    send({.body = "later", .delay = 1h});
    receive_one();
    EXPECT_EQ(stats().waiting, 2);
    EXPECT_EQ(stats().delayed, 1);
    EXPECT_EQ(stats().in_flight, 1);
    EXPECT_GE(stats().oldest_age, 10min) << "what is in flight is there too";
    EXPECT_LT(stats().oldest_age, 20min);
}

}  // namespace larmor::queue

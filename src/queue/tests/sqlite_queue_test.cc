#include <thread>

#include "db/tests/recording_database.h"
#include "queue/tests/sqlite_queues_under_test.h"

namespace larmor::queue {
namespace {

using db::testing::count;
using testing::must;
using testing::SqliteQueuesUnderTest;

INSTANTIATE_TEST_SUITE_P(Sqlite, QueueConformance,
                         ::testing::Values(QueuesFactory{
                             "sqlite",
                             [](std::chrono::nanoseconds poll_every) {
                                 return std::make_unique<SqliteQueuesUnderTest>(poll_every);
                             }}),
                         [](const auto& param) { return param.param.name; });

class SqliteQueue : public ::testing::Test {
protected:
    Queue& make(const std::string& name, const QueueSettings& settings = {}) {
        return *must(under_test_.queues().create(name, settings));
    }
    static void send(Queue& queue, std::size_t messages, const NewMessage& like) {
        for (; messages > 0; messages -= std::min<std::size_t>(messages, 1000)) {
            must(async::sync_wait(queue.send(
                std::vector<NewMessage>(std::min<std::size_t>(messages, 1000), like))));
        }
    }
    static std::vector<Message> receive(Queue& queue, const ReceiveOptions& options = {}) {
        return must(async::sync_wait(queue.receive(options)));
    }
    /// Everything that there is to do with a queue.
    static void use_all(Queue& queue, const std::string& group) {
        send(queue, 3, {.body = "a", .deduplication_id = "1", .message_group = group});
        send(queue, 20, {.body = "b", .message_group = group});
        send(queue, 20, {.body = "c", .delay = 1us, .message_group = group});
        const ReceiveOptions options{.messages_max = 1, .start = Start::Later};
        const auto take = [&] { return receive(queue, options).at(0).receipt_handle; };
        auto handle = take();
        must(async::sync_wait(queue.start(handle)));
        must(async::sync_wait(queue.extend(handle, 1s)));
        must(async::sync_wait(queue.remove(std::vector{handle})));
        handle = take();
        must(async::sync_wait(queue.dead_letter(handle, "r", "e")));
        handle = take();
        const Release release{.error = "e"};
        must(async::sync_wait(queue.release(handle, release)));
        must(queue.stats());
        for (const auto& letter : must(queue.list_dead_letters(MessageId{}, 10))) {
            must(queue.read_body(letter.id));
        }
        must(queue.redrive_all());
        must(queue.purge());
        must(queue.purge_dead_letters());
    }

    SqliteQueuesUnderTest under_test_{1h};
};

TEST_F(SqliteQueue, NoStatementScansATableOrSorts) {
    db::testing::RecordingDatabase* recording = nullptr;
    under_test_.wrap_database([&](db::Database& real) {
        auto wrapped = std::make_unique<db::testing::RecordingDatabase>(real);
        recording = wrapped.get();
        return wrapped;
    });
    use_all(make("plain"), "");
    use_all(make("fifo", {.fifo = true}), "g");
    const auto statements = recording->statements();
    EXPECT_GT(statements.size(), 25U);
    // A look at all queues, of which there are some dozen.
    const auto is_of_queues = [](const std::string& sql) {
        return sql.find("FROM queues") != std::string::npos ||
               sql.find("FROM queue_counts WHERE in_flight") != std::string::npos ||
               sql.find("max(last_time)") != std::string::npos;
    };
    for (const auto& sql : statements) {
        if (is_of_queues(sql)) continue;
        must(under_test_.database().read([&](db::Snapshot& snapshot) -> Result<void> {
            TRY(db::Query plan, snapshot.prepare("EXPLAIN QUERY PLAN " + sql));
            for (;;) {
                TRY(const bool row, plan.next());
                if (!row) return {};
                const std::string step = plan.string(3);
                EXPECT_EQ(step.find("SCAN"), std::string::npos) << step << " in " << sql;
                EXPECT_EQ(step.find("TEMP B-TREE"), std::string::npos) << step << " in " << sql;
            }
        }));
    }
}

TEST_F(SqliteQueue, AReceiveCostsTheSameWhateverElseIsInTheQueue) {
    constexpr std::size_t kFew = 100;
    constexpr std::size_t kMany = 40'000;
    // Of 40 receives the fastest: others' work on the machine is not what is measured.
    const auto fastest = [](Queue& queue) {
        auto best = std::chrono::nanoseconds::max();
        for (int i = 0; i < 40; ++i) {
            const auto start = std::chrono::steady_clock::now();
            receive(queue);
            best = std::min<std::chrono::nanoseconds>(best,
                                                      std::chrono::steady_clock::now() - start);
        }
        return best;
    };
    Queue& few = make("few");
    send(few, kFew, {.body = "x"});
    // A scan of 40,000 rows would take 100 times as long.
    const auto most = 5 * fastest(few) + 1ms;

    Queue& waiting = make("waiting");
    send(waiting, kMany, {.body = "x"});
    EXPECT_LT(fastest(waiting), most);

    Queue& delayed = make("delayed");
    send(delayed, kMany, {.body = "x", .delay = 24h});
    EXPECT_LT(fastest(delayed), most);

    Queue& unknown = make("unknown");
    send(unknown, kMany, {.body = "x", .schema_version = 9});
    EXPECT_LT(fastest(unknown), most);

    Queue& blocked = make("blocked", {.fifo = true});
    send(blocked, kMany, {.body = "x", .message_group = "g"});
    EXPECT_EQ(receive(blocked).size(), 1U);
    EXPECT_LT(fastest(blocked), most);

    const ReceiveOptions thousand{.messages_max = 1000};
    for (std::size_t removed = 0; removed < kMany - 1000; removed += 1000) {
        std::vector<std::string> handles;
        for (const auto& message : receive(waiting, thousand)) {
            handles.push_back(message.receipt_handle);
        }
        must(async::sync_wait(waiting.remove(std::move(handles))));
    }
    EXPECT_LT(fastest(waiting), most) << "after removals";
}

TEST_F(SqliteQueue, WhatIsDueIsBroughtBackSomeAtATime) {
    Queue& queue = make("queue");
    send(queue, 5000, {.body = "x", .delay = 1s});
    under_test_.let_pass(1s);
    const auto waiting = [&] {
        return count(under_test_.database(),
                     "SELECT count(*) FROM queue_messages WHERE state = 0");
    };
    EXPECT_EQ(receive(queue).size(), 1U);
    EXPECT_LT(waiting(), 100);
    std::size_t received = 1;
    const ReceiveOptions options{.messages_max = 100};
    for (auto batch = receive(queue, options); !batch.empty();
         batch = receive(queue, options)) {
        received += batch.size();
    }
    EXPECT_EQ(received, 5000U);
}

TEST_F(SqliteQueue, AStopThatComesWhileTheWriterIsWaitedForLosesNoMessage) {
    Queue& queue = make("queue");
    send(queue, 1, {.body = "x"});
    async::CancelSource source;
    const ReceiveOptions options{.wait_max = 60s, .stop = source.token()};
    db::testing::HeldWriter held(under_test_.database());
    std::vector<Message> received;
    std::thread receiver([&] { received = receive(queue, options); });
    while (under_test_.database().stats().queued == 0) std::this_thread::yield();
    source.cancel();
    held.release();
    receiver.join();
    // It was in flight from the commit on: whoever asked has it, or nobody.
    EXPECT_EQ(received.size(), 1U);
}

TEST_F(SqliteQueue, WhatWasInFlightComesBackAtOnceAfterARestart) {
    Queue& queue = make("queue", {.visibility_timeout = 12h});
    send(queue, 1200, {.body = "x"});
    EXPECT_EQ(receive(queue, {.messages_max = 1000, .start = Start::Later}).size(), 1000U);
    send(queue, 1, {.body = "later", .delay = 1h});
    under_test_.reopen();
    Queue& again = *must(under_test_.queues().open("queue"));
    EXPECT_EQ(receive(again, {.messages_max = 1000, .start = Start::Later}).size(), 1000U);
    EXPECT_EQ(must(again.stats()).delayed, 1);
}

TEST_F(SqliteQueue, CountsAreThoseOfTheRows) {
    Queue& queue = make("queue", {.fifo = true, .receive_count_max = 2});
    const auto row_count = [&](const std::string& where) {
        return count(under_test_.database(), "SELECT count(*) FROM " + where);
    };
    for (int round = 0; round < 30; ++round) {
        const std::string group = "g" + std::to_string(round % 4);
        send(queue, 3, {.body = "x", .message_group = group});
        send(queue, 1, {.body = "x", .delay = 20s, .message_group = group});
        send(queue, 2, {.body = "x", .deduplication_id = group, .message_group = group});
        const auto messages = receive(queue, {.messages_max = 3, .visibility_timeout = 25s});
        for (std::size_t i = 0; i < messages.size(); ++i) {
            const auto& handle = messages[i].receipt_handle;
            const Release release{.retry_after = i == 1 ? 5s : 0s};
            if (i == 0) must(async::sync_wait(queue.remove(std::vector{handle})));
            if (round % 3 == 1) {
                static_cast<void>(async::sync_wait(queue.release(handle, release)));
            }
        }
        under_test_.let_pass(10s);
        const auto stats = must(queue.stats());
        EXPECT_EQ(stats.waiting, row_count("queue_messages WHERE state IN (0, 3)"));
        EXPECT_EQ(stats.delayed, row_count("queue_messages WHERE state = 1"));
        EXPECT_EQ(stats.in_flight, row_count("queue_messages WHERE state = 2"));
        EXPECT_EQ(stats.dead, row_count("queue_dead_letters"));
        EXPECT_EQ(stats.depth() + stats.dead, row_count("queue_bodies"));
    }
    EXPECT_GT(must(queue.stats()).dead, 0);
}

TEST_F(SqliteQueue, ExpiredDeduplicationIdsDoNotPileUp) {
    Queue& queue = make("queue", {.deduplication_window = 1s});
    for (int i = 0; i < 300; ++i) {
        if (i % 100 == 0) under_test_.let_pass(1s);
        send(queue, 1, {.body = "x", .deduplication_id = std::to_string(i)});
    }
    EXPECT_LE(count(under_test_.database(), "SELECT count(*) FROM queue_deduplication"), 110);
}

}  // namespace
}  // namespace larmor::queue

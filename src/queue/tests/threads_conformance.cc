#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "queue/tests/queue_conformance.h"

namespace larmor::queue {
namespace {

constexpr int kThreads = 4;
constexpr int kSentByEach = 300;

/// What threads that send and receive at the same time saw.
struct Seen {
    std::mutex mutex;
    std::set<std::string> held;  ///< in flight at a receiver
    std::multiset<std::string> removed;
    int held_twice = 0;
    int failed_calls = 0;

    void take(const std::string& body) {
        const std::lock_guard lock(mutex);
        if (!held.insert(body).second) ++held_twice;
    }
    void let_go(const std::string& body) {
        const std::lock_guard lock(mutex);
        held.erase(body);
    }
    void note(const Result<void>& outcome) {
        const std::lock_guard lock(mutex);
        if (!outcome) ++failed_calls;
    }
    std::size_t removed_count() {
        const std::lock_guard lock(mutex);
        return removed.size();
    }
};

void send_batches(Queue& queue, int sender, bool fifo) {
    for (int i = 0; i < kSentByEach; i += 5) {
        std::vector<NewMessage> messages;
        for (int j = i; j < i + 5; ++j) {
            messages.push_back({.body = std::to_string(sender) + "." + std::to_string(j),
                                .message_group = fifo ? std::to_string(sender) : ""});
        }
        ASSERT_TRUE(async::sync_wait(queue.send(std::move(messages))));
    }
}

/// Of so many sends, one message each, how many were refused for the depth; every seventh is
/// too large, which must be its own error.
int send_until_full(Queue& queue, int count) {
    int refused = 0;
    for (int i = 0; i < count; ++i) {
        const std::size_t size = i % 7 == 6 ? limits::kBodyBytes + 1 : 100;
        const auto sent = async::sync_wait(
            queue.send(std::vector{NewMessage{.body = std::string(size, 'x')}}));
        if (size > limits::kBodyBytes) {
            EXPECT_EQ(sent.error().code, ErrorCode::InvalidInput);
        } else if (!sent) {
            EXPECT_EQ(sent.error().code, ErrorCode::LimitExceeded);
            ++refused;
        }
    }
    return refused;
}

/// Receives until all are removed; gives every third message back first.
void receive_all(Queue& queue, unsigned seed, Seen& seen) {
    std::minstd_rand random(seed);
    while (seen.removed_count() < kThreads * kSentByEach) {
        const ReceiveOptions options{
            .messages_max = 1 + random() % 7, .wait_max = 20ms, .start = Start::Later};
        const auto received = async::sync_wait(queue.receive(options));
        ASSERT_TRUE(received) << received.error().message;
        for (const auto& message : *received) seen.take(message.body);
        for (const auto& message : *received) {
            seen.note(async::sync_wait(queue.start(message.receipt_handle)));
            seen.let_go(message.body);
            if (random() % 3 == 0) {
                seen.note(async::sync_wait(queue.release(message.receipt_handle, {})));
                continue;
            }
            seen.note(async::sync_wait(queue.remove(std::vector{message.receipt_handle})));
            const std::lock_guard lock(seen.mutex);
            seen.removed.insert(message.body);
        }
    }
}

void hammer(Queue& queue, bool fifo, Seen& seen) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] { send_batches(queue, i, fifo); });
        threads.emplace_back(
            [&, i] { receive_all(queue, static_cast<unsigned>(i + 1), seen); });
    }
    for (auto& thread : threads) thread.join();
}

}  // namespace

TEST_P(QueueConformance, ThreadsNeverHoldAMessageTwiceAndLoseNone) {
    use({.receive_count_max = 1'000});
    Seen seen;
    hammer(queue(), false, seen);
    EXPECT_EQ(seen.held_twice, 0);
    EXPECT_EQ(seen.failed_calls, 0);
    EXPECT_EQ(seen.removed.size(), std::size_t{kThreads * kSentByEach});
    EXPECT_EQ(std::set(seen.removed.begin(), seen.removed.end()).size(), seen.removed.size());
    EXPECT_EQ(stats().depth(), 0);
    EXPECT_EQ(stats().dead, 0);
}

TEST_P(QueueConformance, SendsOfThreadsHaveEachAnOutcomeOfItsOwn) {
    use({.depth_max = 50});
    std::atomic<int> refused = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] { refused += send_until_full(queue(), 14); });
    }
    for (auto& thread : threads) thread.join();

    EXPECT_EQ(refused, 8 * 12 - 50);
    EXPECT_EQ(stats().depth(), 50);
    EXPECT_EQ(receive(100).size(), 50U);
}

TEST_P(QueueConformance, ThreadsKeepTheOrderOfGroups) {
    use({.fifo = true, .receive_count_max = 1'000});
    std::mutex mutex;
    std::map<std::string, int> next;
    std::atomic<int> done = 0;
    std::atomic<int> out_of_order = 0;
    std::vector<std::thread> threads;
    const auto work = [&] {
        while (done < kThreads * kSentByEach) {
            const ReceiveOptions options{.messages_max = 3, .wait_max = 20ms};
            const auto received = async::sync_wait(queue().receive(options));
            ASSERT_TRUE(received) << received.error().message;
            for (const auto& message : *received) {
                const int number = std::stoi(message.body.substr(message.body.find('.') + 1));
                {
                    const std::lock_guard lock(mutex);
                    if (next[message.message_group]++ != number) ++out_of_order;
                }
                ASSERT_TRUE(
                    async::sync_wait(queue().remove(std::vector{message.receipt_handle})));
                ++done;
            }
        }
    };
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] { send_batches(queue(), i, true); });
        threads.emplace_back(work);
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(out_of_order, 0);
    EXPECT_EQ(stats().depth(), 0);
}

TEST_P(QueueConformance, StaleReceiptsOfThreadsThatWereTooSlowRemoveNothing) {
    use({.visibility_timeout = 1s, .receive_count_max = 1'000});
    constexpr int kMessages = 50;
    send_many(kMessages);
    std::atomic<int> removed = 0;
    std::atomic<int> stale = 0;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
            std::minstd_rand random(i + 1);
            while (removed < kMessages) {
                const ReceiveOptions options{.messages_max = 5, .wait_max = 5ms};
                const auto received = async::sync_wait(queue().receive(options));
                ASSERT_TRUE(received) << received.error().message;
                // Time passes for all: others' timeouts end too.
                if (random() % 4 == 0) let_pass(500ms);
                for (const auto& message : *received) {
                    const auto outcome =
                        async::sync_wait(queue().remove(std::vector{message.receipt_handle}));
                    if (outcome) {
                        ++removed;
                    } else {
                        EXPECT_EQ(outcome.error().code, ErrorCode::Conflict);
                        ++stale;
                    }
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(removed, kMessages) << stale << " were stale";
    EXPECT_EQ(stats().depth(), 0);
}

}  // namespace larmor::queue

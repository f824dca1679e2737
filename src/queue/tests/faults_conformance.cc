#include <cstdlib>
#include <random>
#include <thread>

#include "db/tests/faulty_database.h"
#include "queue/tests/history.h"
#include "queue/tests/queue_conformance.h"

namespace larmor::queue {
namespace {

using testing::Act;
using testing::Ending;

constexpr microseconds kTimeout = 10s;
constexpr std::int64_t kStartsMax = 4;
/// A reply is that late: less than the timeout, or more.
constexpr std::array kLate = {microseconds(3s), microseconds(11s)};
constexpr int kRounds = 25;

template <typename T>
Ending ending_of(const Result<T>& result) {
    if (result) return Ending::Ok;
    return result.error().code == ErrorCode::Unavailable ? Ending::Unknown : Ending::Failed;
}

/// Threads that send, receive and work on one queue, and note what they were told.
class Workload {
public:
    Workload(QueuesUnderTest& under_test, db::Database& database, Queue& queue,
             std::uint32_t seed)
        : under_test_(under_test), database_(&database), queue_(&queue), seed_(seed) {
        history_.visibility_timeout = kTimeout;
        history_.receive_count_max = kStartsMax;
    }

    void run(unsigned thread_count) {
        std::vector<std::thread> threads;
        for (unsigned i = 0; i < thread_count; ++i) {
            threads.emplace_back([this, i] { work(i); });
        }
        for (auto& thread : threads) thread.join();
    }
    /// Both were opened again.
    void go_on(db::Database& database, Queue& queue) {
        database_ = &database;
        queue_ = &queue;
        ++run_;
    }

    /// Without faults: receives and removes all that is left.
    testing::History end() {
        for (int i = 0; i < 3;) {
            under_test_.let_pass(kTimeout);
            const ReceiveOptions options{
                .messages_max = 1000, .visibility_timeout = 1h, .start = Start::Later};
            const auto received = async::sync_wait(queue_->receive(options));
            EXPECT_TRUE(received);
            if (received->empty()) ++i;
            for (const auto& message : *received) {
                EXPECT_TRUE(
                    async::sync_wait(queue_->remove(std::vector{message.receipt_handle})));
                history_.drained.push_back(message);
            }
        }
        const auto letters = queue_->list_dead_letters(MessageId{}, 1000);
        EXPECT_TRUE(letters);
        for (const auto& letter : *letters) {
            history_.dead.emplace(*queue_->read_body(letter.id), letter);
        }
        EXPECT_EQ(queue_->stats()->depth(), 0);
        EXPECT_EQ(queue_->stats()->dead, static_cast<std::int64_t>(letters->size()));
        return std::move(history_);
    }

private:
    testing::Interval begin() { return {.begin = ++calls_, .end = 0, .began = now()}; }
    void end(testing::Interval& when) {
        when.end = ++calls_;
        when.ended = now();
    }
    Time now() { return under_test_.now(); }

    void work(unsigned thread) {
        std::minstd_rand random(seed_ * 64 + thread + static_cast<unsigned>(run_) * 8 + 1);
        for (int round = 0; round < kRounds; ++round) {
            switch (random() % 4) {
                case 0:
                case 1:
                    send("m" + std::to_string(thread) + "." + std::to_string(run_) + "." +
                             std::to_string(round),
                         random() % 2 == 0);
                    break;
                case 2:
                    under_test_.let_pass(kLate[random() % 2]);
                    break;
                default:
                    receive(random);
            }
        }
    }

    /// With a deduplication id until its sender knows that it was sent; else once, together
    /// with what others send.
    void send(const std::string& body, bool again) {
        for (int tries = 0; tries < (again ? 5 : 1); ++tries) {
            testing::SendCall call{.when = begin(), .body = body};
            const std::vector<NewMessage> message{
                {.body = body, .deduplication_id = again ? body : ""}};
            call.ending = ending_of(async::sync_wait(queue_->send(message)));
            end(call.when);
            {
                const std::lock_guard lock(mutex_);
                history_.sends.push_back(call);
            }
            if (call.ending == Ending::Ok) return;
        }
    }

    void receive(std::minstd_rand& random) {
        const bool later = random() % 2 == 0;
        const ReceiveOptions options{.messages_max = 1 + random() % 5,
                                     .visibility_timeout = kTimeout,
                                     .start = later ? Start::Later : Start::OnReceive};
        testing::Interval when = begin();
        const auto received = async::sync_wait(queue_->receive(options));
        end(when);
        if (!received) return;
        std::vector<std::size_t> deliveries;
        {
            const std::lock_guard lock(mutex_);
            for (const auto& message : *received) {
                deliveries.push_back(history_.deliveries.size());
                history_.deliveries.push_back({when, message, received->size(), run_});
            }
        }
        for (std::size_t i = 0; i < received->size(); ++i) {
            work_on((*received)[i], deliveries[i], later, random);
        }
    }

    void work_on(const Message& message, std::size_t delivery, bool later,
                 std::minstd_rand& random) {
        if (later) {
            const auto started = note(delivery, Act::Start, [&] {
                return async::sync_wait(queue_->start(message.receipt_handle));
            });
            // Who does not know whether the start is durable may not begin.
            if (started != Ending::Ok) return;
        }
        const auto& handle = message.receipt_handle;
        switch (random() % 10) {
            case 0:  // the worker dies
                return;
            case 1:
                note(delivery, Act::Release, [&] {
                    return async::sync_wait(
                        queue_->release(handle, {.retry_after = 1s, .error = "e"}));
                });
                return;
            case 2:
                note(delivery, Act::DeadLetter, [&] {
                    return async::sync_wait(queue_->dead_letter(handle, "given_up", ""));
                });
                return;
            case 3:
            case 4:
                step(message, delivery);
                return;
            case 5:
                note(delivery, Act::Extend,
                     [&] { return async::sync_wait(queue_->extend(handle, kTimeout)); });
                [[fallthrough]];
            default:
                // Once more where the reply was lost: it may not have been removed.
                for (int tries = 0; tries < 2; ++tries) {
                    const auto ending = note(delivery, Act::Remove, [&] {
                        return async::sync_wait(queue_->remove(std::vector{handle}));
                    });
                    if (ending != Ending::Unknown) return;
                }
        }
    }

    /// Sends another message and removes its own in one transaction.
    void step(const Message& message, std::size_t delivery) {
        const std::string child = message.body + "/" + std::to_string(message.receive_count);
        note(
            delivery, Act::Step,
            [&] {
                const NewMessage next{.body = child};
                return database_->write_and_wait([&](db::Transaction& tx) -> Result<void> {
                    TRY_VOID(queue_->send(tx, std::span(&next, 1)));
                    return queue_->remove(tx, message.receipt_handle);
                });
            },
            child);
    }

    template <typename F>
    Ending note(std::size_t delivery, Act act, F call, const std::string& child = {}) {
        testing::DeliveryCall noted{
            .when = begin(), .act = act, .delivery = delivery, .child = child};
        noted.ending = ending_of(call());
        end(noted.when);
        const std::lock_guard lock(mutex_);
        history_.calls.push_back(noted);
        return noted.ending;
    }

    QueuesUnderTest& under_test_;
    db::Database* database_;
    Queue* queue_;
    const std::uint32_t seed_;
    int run_ = 0;
    std::atomic<std::uint64_t> calls_{0};
    std::mutex mutex_;
    testing::History history_;
};

/// `./dev faults seeds` asks for many, in parts.
std::uint32_t number_in(const char* variable, std::uint32_t otherwise) {
    const char* text = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody sets
    if (text == nullptr) return otherwise;
    return static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

}  // namespace

TEST_P(QueueConformance, KeepsItsPromisesWhateverTheDatabaseSays) {
    std::uint64_t faults = 0;
    std::uint64_t deliveries = 0;
    std::uint64_t dead = 0;
    const std::uint32_t seed_first = number_in("LARMOR_SEED_FIRST", 1);
    const std::uint32_t seed_count = number_in("LARMOR_SEEDS", 12);
    for (std::uint32_t seed = seed_first; seed < seed_first + seed_count; ++seed) {
        // Queues pile up in a library.
        if (seed % 50 == 0) open(1h);
        db::testing::FaultyDatabase* faulty = nullptr;
        std::minstd_rand lateness(seed);
        std::mutex mutex;
        const auto be_late = [&] {
            const std::lock_guard lock(mutex);
            let_pass(kLate[lateness() % 2]);
        };
        under_test_->wrap_database([&](db::Database& real) {
            auto wrapped = std::make_unique<db::testing::FaultyDatabase>(
                real, db::testing::FaultyDatabase::Options{
                          .seed = seed, .faults_of_100 = 5 + seed % 30, .be_late = be_late});
            faulty = wrapped.get();
            return wrapped;
        });
        const std::string name = "seed-" + std::to_string(seed);
        const QueueSettings settings{.visibility_timeout = kTimeout,
                                     .receive_count_max = kStartsMax,
                                     .deduplication_window = 24h};
        Workload workload(*under_test_, *faulty, make_queue(name, settings), seed);
        faulty->set_faults(true);
        workload.run(1 + seed % 3);
        faults += faulty->faults();
        if (seed % 4 == 0) {
            reopen(name);  // wraps the database anew
            workload.go_on(*faulty, queue());
            faulty->set_faults(true);
            workload.run(2);
            faults += faulty->faults();
        }
        faulty->set_faults(false);
        const auto history = workload.end();
        const auto found = testing::violations(history);
        for (const auto& what : found) ADD_FAILURE() << "seed " << seed << ": " << what;
        if (HasFailure()) return;
        deliveries += history.deliveries.size();
        dead += history.dead.size();
    }
    EXPECT_GT(faults, seed_count);
    EXPECT_GT(deliveries, seed_count);
    EXPECT_GT(dead, 0U);
    RecordProperty("faults", std::to_string(faults));
    RecordProperty("deliveries", std::to_string(deliveries));
}

}  // namespace larmor::queue

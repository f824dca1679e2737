#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/sync_wait.h"
#include "db/database.h"
#include "queue/queues.h"

namespace larmor::queue {

using namespace std::chrono_literals;

/// The queues of a library, as a driver's test program makes them.
class QueuesUnderTest {
public:
    virtual ~QueuesUnderTest() = default;
    virtual Queues& queues() = 0;
    /// Where the queues' rows are, never wrapped.
    virtual db::Database& database() = 0;
    using Wrap = std::function<std::unique_ptr<db::Database>(db::Database& real)>;
    /// Opens the queues again over what `wrap` makes of the database, now and at every reopen.
    virtual void wrap_database(Wrap wrap) = 0;
    virtual Time now() = 0;
    /// Time passes, as the database has it. A server's clock moves by itself too, so tests say
    /// hours where nothing may happen in the meantime.
    virtual void let_pass(microseconds time) = 0;
    /// Somebody sets the wall clock; no time passes.
    virtual void set_wall_clock(microseconds by) = 0;
    /// Closes and opens again, as after a restart.
    virtual void reopen() = 0;
};

struct QueuesFactory {
    std::string name;
    /// `poll_every`: how often a waiting receive looks without being told. Gives null where the
    /// driver's server is not installed.
    std::function<std::unique_ptr<QueuesUnderTest>(std::chrono::nanoseconds poll_every)> make;
    friend void PrintTo(const QueuesFactory& factory, std::ostream* out) {
        *out << factory.name;
    }
};

/// Every promise of queue/queue.h, for every driver.
class QueueConformance : public ::testing::TestWithParam<QueuesFactory> {
protected:
    /// Only a hint can wake who waits.
    void SetUp() override { open(1h); }
    void open(std::chrono::nanoseconds poll_every);
    void reopen(const std::string& name = "work");

    Queues& queues() { return under_test_->queues(); }
    db::Database& database() { return under_test_->database(); }
    void let_pass(microseconds time) { under_test_->let_pass(time); }
    Queue& make_queue(const std::string& name, const QueueSettings& settings);
    /// The queue `work` becomes one with these settings.
    void use(const QueueSettings& settings) { queue_ = &make_queue("work-2", settings); }
    Queue& queue() { return *queue_; }

    Result<std::vector<Sent>> try_send(std::vector<NewMessage> messages);
    MessageId send(NewMessage message);
    /// A template, since braces of a NewMessage could make a string too.
    template <std::convertible_to<std::string_view> Text>
    MessageId send(const Text& body) {
        return send(NewMessage{.body = std::string(body)});
    }
    void send_many(int count);  ///< bodies "0", "1", ...
    std::vector<Message> receive(const ReceiveOptions& options);
    std::vector<Message> receive(std::size_t messages_max) {
        return receive(ReceiveOptions{.messages_max = messages_max});
    }
    /// Fails the test where there is none.
    Message receive_one(const ReceiveOptions& options = {});
    Result<void> start(const Message& message);
    Result<void> remove(const Message& message);
    Result<void> extend(const Message& message, microseconds timeout);
    Result<void> release(const Message& message, Release release);
    Result<void> dead_letter(const Message& message, std::string reason, std::string error);
    QueueStats stats();
    std::vector<DeadLetter> dead_letters();

    std::unique_ptr<QueuesUnderTest> under_test_;
    Queue* queue_ = nullptr;
};

std::vector<std::string> bodies_of(const std::vector<Message>& messages);
using Bodies = std::vector<std::string>;

}  // namespace larmor::queue

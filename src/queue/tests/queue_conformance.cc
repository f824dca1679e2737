#include "queue/tests/queue_conformance.h"

namespace larmor::queue {

void QueueConformance::open(std::chrono::nanoseconds poll_every) {
    under_test_.reset();
    under_test_ = GetParam().make(poll_every);
    if (!under_test_) GTEST_SKIP() << GetParam().name << " is not installed";
    queue_ = &make_queue("work", {});
}

void QueueConformance::reopen(const std::string& name) {
    under_test_->reopen();
    const auto found = queues().open(name);
    ASSERT_TRUE(found) << found.error().message;
    queue_ = *found;
}

Queue& QueueConformance::make_queue(const std::string& name, const QueueSettings& settings) {
    const auto made = queues().create(name, settings);
    if (!made) ADD_FAILURE() << made.error().message;
    return **made;
}

Result<std::vector<Sent>> QueueConformance::try_send(std::vector<NewMessage> messages) {
    return async::sync_wait(queue().send(std::move(messages)));
}

MessageId QueueConformance::send(NewMessage message) {
    std::vector<NewMessage> one;
    one.push_back(std::move(message));
    const auto sent = try_send(std::move(one));
    if (!sent) {
        ADD_FAILURE() << sent.error().message;
        return {};
    }
    return sent->at(0).id;
}

void QueueConformance::send_many(int count) {
    std::vector<NewMessage> messages;
    for (int i = 0; i < count; ++i) messages.push_back({.body = std::to_string(i)});
    const auto sent = try_send(std::move(messages));
    EXPECT_TRUE(sent) << sent.error().message;
}

std::vector<Message> QueueConformance::receive(const ReceiveOptions& options) {
    auto received = async::sync_wait(queue().receive(options));
    if (!received) {
        ADD_FAILURE() << received.error().message;
        return {};
    }
    return *std::move(received);
}

Message QueueConformance::receive_one(const ReceiveOptions& options) {
    auto received = receive(options);
    if (received.size() != 1) {
        ADD_FAILURE() << "received " << received.size() << " messages, not one";
        return {};
    }
    return std::move(received[0]);
}

Result<void> QueueConformance::start(const Message& message) {
    return async::sync_wait(queue().start(message.receipt_handle));
}

Result<void> QueueConformance::remove(const Message& message) {
    return async::sync_wait(queue().remove(std::vector{message.receipt_handle}));
}

Result<void> QueueConformance::extend(const Message& message, microseconds timeout) {
    return async::sync_wait(queue().extend(message.receipt_handle, timeout));
}

Result<void> QueueConformance::release(const Message& message, Release release) {
    return async::sync_wait(queue().release(message.receipt_handle, std::move(release)));
}

Result<void> QueueConformance::dead_letter(const Message& message, std::string reason,
                                           std::string error) {
    return async::sync_wait(
        queue().dead_letter(message.receipt_handle, std::move(reason), std::move(error)));
}

QueueStats QueueConformance::stats() {
    const auto stats = queue().stats();
    if (!stats) ADD_FAILURE() << stats.error().message;
    return *stats;
}

std::vector<DeadLetter> QueueConformance::dead_letters() {
    auto letters = queue().list_dead_letters(MessageId{}, 1000);
    if (!letters) ADD_FAILURE() << letters.error().message;
    return *std::move(letters);
}

std::vector<std::string> bodies_of(const std::vector<Message>& messages) {
    std::vector<std::string> bodies;
    for (const auto& message : messages) bodies.push_back(message.body);
    return bodies;
}

}  // namespace larmor::queue

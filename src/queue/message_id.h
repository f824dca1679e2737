#pragma once
#include "queue/message.h"

namespace larmor::queue {

/// An id is the queue's own and, in the low 40 bits, the message's number in it, from 1: rows
/// of a queue lie together by key, and stay within what a JSON number holds for 8,191 queues.
constexpr int kNumberBits = 40;

constexpr MessageId make_id(std::int64_t queue, std::int64_t number) {
    return MessageId((queue << kNumberBits) | number);
}
constexpr std::int64_t queue_of(MessageId id) {
    return to_int64(id) >> kNumberBits;
}
/// Every message of the queue has an id above this,
constexpr std::int64_t before_ids_of(std::int64_t queue) {
    return queue << kNumberBits;
}
/// and below this one.
constexpr std::int64_t after_ids_of(std::int64_t queue) {
    return (queue + 1) << kNumberBits;
}

}  // namespace larmor::queue

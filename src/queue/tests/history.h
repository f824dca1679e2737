#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "queue/message.h"

namespace larmor::queue::testing {

/// How a call ended, as its caller knows.
enum class Ending : std::uint8_t {
    Ok,
    Failed,   ///< certainly did not take place
    Unknown,  ///< may have taken place: the reply was lost
};

/// When a call began and ended: by a count that all calls share, and by the queue's clock.
struct Interval {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    Time began{};
    Time ended{};
};

struct SendCall {
    Interval when;
    Ending ending = Ending::Ok;
    std::string body;  ///< tells messages apart
};

struct Delivery {
    Interval when;  ///< of the receive
    Message message;
    std::size_t batch_size = 0;
    int run = 0;  ///< the queue was opened again between two runs
};

/// What was done with a delivery.
enum class Act : std::uint8_t { Start, Remove, Step, Release, DeadLetter, Extend };
struct DeliveryCall {
    Interval when;
    Ending ending = Ending::Ok;
    Act act = Act::Remove;
    std::size_t delivery = 0;  ///< its place in `deliveries`
    std::string child{};       ///< of a Step: the body that it sent in the same transaction
};

/// All calls on a queue, and what was left when time had passed and faults had stopped.
struct History {
    microseconds visibility_timeout{};  ///< of every receive
    std::int64_t receive_count_max = 0;
    std::vector<SendCall> sends;
    std::vector<Delivery> deliveries;
    std::vector<DeliveryCall> calls;
    std::vector<Message> drained;  ///< received and removed at the end
    /// By body.
    std::map<std::string, DeadLetter> dead;
    /// Where each step writes a row in its transaction: how many there are of each body.
    std::optional<std::map<std::string, std::int64_t>> effects{};
};

/// What no queue that keeps its promises can have done; empty where there is nothing.
std::vector<std::string> violations(const History& history);

}  // namespace larmor::queue::testing

#pragma once
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "async/cancel.h"
#include "base/clock.h"

namespace larmor::queue {

using std::chrono::microseconds;

/// Names a message, then its dead letter, within the library. Rises in the order of sending
/// within a queue and is never given twice.
enum class MessageId : std::int64_t {};
constexpr std::int64_t to_int64(MessageId id) {
    return static_cast<std::int64_t>(id);
}

/// What any call takes at most; more is InvalidInput where nothing else is said.
namespace limits {
constexpr std::size_t kMessages = 1000;  ///< of one call
constexpr std::size_t kBodyBytes = 256 << 10;
/// Of one send, all bodies. A receive ends its batch with the message that reaches this.
constexpr std::size_t kBatchBytes = 16 << 20;
constexpr std::size_t kIdBytes = 128;  ///< of a deduplication id, a group, a reason
/// Of an error text; a longer one is cut, since it comes from where something failed already.
constexpr std::size_t kErrorBytes = 4 << 10;
constexpr microseconds kDelay = std::chrono::days(366);  ///< of a message, of a retry
constexpr microseconds kVisibilityTimeout = std::chrono::hours(12);
constexpr microseconds kWait = std::chrono::minutes(1);
}  // namespace limits

struct NewMessage {
    std::string body;       ///< any bytes
    microseconds delay{0};  ///< before it can be received
    /// Sent again within the queue's `deduplication_window`, it is not sent: for a sender that
    /// does not know whether its first try was committed. None where empty.
    std::string deduplication_id{};
    /// In a FIFO queue: what is received in the order of sending, one at a time.
    std::string message_group{};
    /// Of the body. Who receives says which versions it knows.
    std::int32_t schema_version = 1;
    std::int32_t priority = 0;  ///< higher ones first
    /// It stands for something older than what was sent before it: see Queue::list_oldest.
    bool is_late = false;
};

struct Sent {
    MessageId id{};          ///< of the first one where this is a duplicate
    bool duplicate = false;  ///< nothing was sent
};

/// A message in flight: its receiver has it for the visibility timeout.
struct Message {
    MessageId id{};
    std::string body;
    /// Names this delivery, to extend, start, remove or give back; any other delivery has
    /// another.
    std::string receipt_handle;
    std::int64_t receive_count = 0;  ///< this delivery included
    std::int64_t start_count = 0;
    bool is_started = false;  ///< this delivery counts as started already
    /// A step on it was started before and never came to an outcome: it may be what killed its
    /// worker. It is the only message of its batch.
    bool suspect = false;
    std::int32_t schema_version = 1;
    std::int32_t priority = 0;
    std::string message_group;
    Time sent_at;
    std::string last_error;  ///< of its latest release, empty before the first
};

/// When a delivered message counts as started.
enum class Start : std::uint8_t {
    OnReceive,  ///< with the delivery: for receivers that work on all of a batch at once
    Later,      ///< by Queue::start, before the step on it
    /// With the delivery, and Later for a message that may have killed its worker: for
    /// receivers that begin at once on all but such a one.
    OnReceiveUnlessSuspect,
};

struct ReceiveOptions {
    std::size_t messages_max = 1;
    microseconds wait_max{0};  ///< for the first message
    /// Nothing: that of the queue.
    std::optional<microseconds> visibility_timeout{};
    Start start = Start::OnReceive;
    /// The newest schema version that the receiver knows: later ones wait, uncounted.
    std::int32_t schema_version_max = 1;
    /// Only messages of these priorities: for receivers of which each does a share of the work.
    std::int32_t priority_min = std::numeric_limits<std::int32_t>::min();
    std::int32_t priority_max = std::numeric_limits<std::int32_t>::max();
    /// Ends the waiting: then nothing is received.
    async::CancelToken stop{};
};

/// An outcome that is neither done nor dead.
struct Release {
    microseconds retry_after{0};
    std::string error{};  ///< what went wrong; never a patient's data
};

/// Why a message became a dead letter by itself.
constexpr const char* kReceiveCountMax = "receive_count_max";
constexpr const char* kWorkerLost = "worker_lost";

/// A message or dead letter.
struct Unfinished {
    MessageId id{};
    std::string head;  ///< of its body
    bool is_dead = false;
};

struct DeadLetter {
    MessageId id{};
    std::string reason;      ///< kReceiveCountMax, kWorkerLost or what the worker said
    std::string last_error;  ///< may be empty
    Time dead_at;
    Time sent_at;
    std::int64_t receive_count = 0;
    std::int64_t start_count = 0;
    std::int32_t schema_version = 1;
    std::int32_t priority = 0;
    std::string message_group;
};

}  // namespace larmor::queue

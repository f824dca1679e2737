#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "async/task.h"
#include "db/database.h"
#include "queue/message.h"

namespace larmor::queue {

/// How a queue behaves. Changed at any time, but for `fifo`.
struct QueueSettings {
    /// Every message has a group; of a group one message is in flight at a time, and the next
    /// one comes when it was removed or became a dead letter. A delayed message holds up its
    /// group.
    bool fifo = false;
    microseconds visibility_timeout = std::chrono::seconds(30);
    /// A message becomes a dead letter after so many starts without success.
    std::int64_t receive_count_max = 5;
    microseconds deduplication_window = std::chrono::minutes(5);
    /// Messages that are not dead letters; more are refused.
    std::int64_t depth_max = 100'000'000;
    friend bool operator==(const QueueSettings&, const QueueSettings&) = default;
};

struct QueueStats {
    std::int64_t waiting = 0;  ///< also behind others of their group, also of unknown versions
    std::int64_t delayed = 0;
    /// Where a visibility timeout has run out, until somebody receives from the queue.
    std::int64_t in_flight = 0;
    std::int64_t dead = 0;
    std::int64_t sent = 0;       ///< since the queue was made; a redriven dead letter again
    microseconds oldest_age{0};  ///< since the oldest that is no dead letter was sent
    std::int64_t depth() const { return waiting + delayed + in_flight; }
};

/// A durable queue: at-least-once delivery, the older of two messages of a priority first as a
/// rule, in strict order only within a group of a FIFO queue. Safe from any thread.
///
/// A received message is in flight: hidden for its visibility timeout, then delivered again
/// under another receipt handle, unless it was removed. A receipt handle is good until then; a
/// handle that is not good any more is a Conflict and changes nothing.
///
/// What counts towards `receive_count_max` is that work on a message was started. A delivery
/// that ends without an outcome after its start makes the message suspect: it is received alone
/// from then on, and dead-lettered as kWorkerLost when that was its last start. A delivery that
/// ends without having been started costs nothing.
///
/// Times are measured by the time that passes: when the wall clock is set, visibility timeouts,
/// delays and windows stay as long as they were.
///
/// Calls that take a transaction are part of it: visible when it commits, undone with it. They
/// run on its thread and give errors that must roll it back. Calls without one are a
/// transaction of their own; those that return a task, awaited by an executor's task, are
/// durable once it ends. An error of theirs with the code OutcomeUnknown leaves open whether
/// they took place, as every lost reply does.
///
/// It must outlive the transactions and tasks that use it.
class Queue {
public:
    virtual ~Queue() = default;
    Queue() = default;
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    virtual const std::string& name() const = 0;
    virtual QueueSettings settings() const = 0;

    /// Sends all, in this order. Errors: InvalidInput (beyond `limits`; a group without FIFO or
    /// FIFO without a group), LimitExceeded (`depth_max`).
    virtual Result<std::vector<Sent>> send(db::Transaction& tx,
                                           std::span<const NewMessage> messages) = 0;
    virtual async::Task<Result<std::vector<Sent>>> send(std::vector<NewMessage> messages);

    /// At most `messages_max` messages, each in flight from now on; as soon as there is one, or
    /// none after `wait_max`. By priority, then by age. Errors: InvalidInput.
    virtual async::Task<Result<std::vector<Message>>> receive(ReceiveOptions options) = 0;

    /// Work on the message begins now: counted, and remembered until it ends with an outcome.
    /// To be durable before the step that may kill the worker; a second start of a delivery
    /// changes nothing. Errors: Conflict.
    virtual Result<void> start(db::Transaction& tx, const std::string& receipt_handle) = 0;
    virtual async::Task<Result<void>> start(std::string receipt_handle);

    /// The visibility timeout begins again, `timeout` long. Errors: InvalidInput, Conflict.
    virtual Result<void> extend(db::Transaction& tx, const std::string& receipt_handle,
                                microseconds timeout) = 0;
    async::Task<Result<void>> extend(std::string receipt_handle, microseconds timeout);

    /// Done: the messages are gone. All or none. Errors: Conflict, and then the step's own
    /// changes must roll back too, since somebody else has the message or had it meanwhile.
    virtual Result<void> remove(db::Transaction& tx,
                                std::span<const std::string> receipt_handles) = 0;
    Result<void> remove(db::Transaction& tx, const std::string& receipt_handle);
    virtual async::Task<Result<void>> remove(std::vector<std::string> receipt_handles);

    /// Not done, to be tried again after a while; a dead letter, as kReceiveCountMax, where the
    /// last start was used up. Errors: InvalidInput, Conflict.
    virtual Result<void> release(db::Transaction& tx, const std::string& receipt_handle,
                                 const Release& release) = 0;
    async::Task<Result<void>> release(std::string receipt_handle, Release release);

    /// Never to be tried again by itself. Errors: InvalidInput, Conflict.
    virtual Result<void> dead_letter(db::Transaction& tx, const std::string& receipt_handle,
                                     const std::string& reason, const std::string& error) = 0;
    async::Task<Result<void>> dead_letter(std::string receipt_handle, std::string reason,
                                          std::string error);

    // For people and tools. These block: call them on a thread that may. What touches many rows
    // is done in transactions of some hundred, and goes on where it was when called again.

    virtual Result<QueueStats> stats() = 0;
    /// What may be the oldest that is not done: the first message and the first dead letter in
    /// the order of sending, and all that are older than that order says (sent anew, or sent as
    /// `is_late`). Of each body the first `head_bytes`.
    virtual Result<std::vector<Unfinished>> list_oldest(db::Snapshot& snapshot,
                                                        std::size_t head_bytes) = 0;
    /// At most `limit` with an id above `after`, by id.
    virtual Result<std::vector<DeadLetter>> list_dead_letters(MessageId after,
                                                              std::size_t limit) = 0;
    /// The body of a message or dead letter. Errors: NotFound.
    virtual Result<std::string> read_body(MessageId id) = 0;
    /// Sends dead letters anew, with new ids and counts from 0, behind everything that waits.
    /// Ids that are no dead letter are left out. Gives how many were sent.
    virtual Result<std::int64_t> redrive(std::span<const MessageId> ids) = 0;
    virtual Result<std::int64_t> redrive_all() = 0;
    /// Removes every message that was sent before the call, also in flight, but no dead
    /// letters. Gives how many.
    virtual Result<std::int64_t> purge() = 0;
    virtual Result<std::int64_t> purge_dead_letters() = 0;

protected:
    virtual db::Database& database() = 0;
};

}  // namespace larmor::queue

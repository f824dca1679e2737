#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "db/transaction.h"
#include "queue/queue.h"
#include "queue/receipt.h"

namespace larmor::queue {

/// The statements on messages that all drivers on SQL share. They lock what they change (an
/// UPDATE or DELETE that names the delivery), so that they are right with other writers too.

/// As stored in queue_messages.state.
enum class State : std::uint8_t { Waiting = 0, Delayed = 1, InFlight = 2, Behind = 3 };

/// How many messages of a queue there are by state, or how much that changed.
struct Counts {
    std::int64_t waiting = 0;  ///< also those behind others
    std::int64_t delayed = 0;
    std::int64_t in_flight = 0;
    std::int64_t dead = 0;

    void add(State state, std::int64_t messages);
    Counts& operator+=(const Counts& other);
    Counts operator-(const Counts& other) const;
    friend bool operator==(const Counts&, const Counts&) = default;
    std::int64_t depth() const { return waiting + delayed + in_flight; }
};

/// One call at work on the rows of one queue.
struct Work {
    db::Transaction& tx;
    std::int64_t queue;  ///< its id
    QueueSettings settings;
    Time now;                     ///< as the queue's clock has it
    bool may_have_due = true;     ///< false: no delay or visibility timeout is over
    Counts change{};              ///< what this call changed up to now
    std::int64_t receivable = 0;  ///< messages that can be received since
    bool comes_back = false;      ///< of these, one that is older than others that wait
};

std::int64_t to_stored(Time time);
Time time_of(std::int64_t stored);

/// A message as it is sent, or sent anew.
struct NewRow {
    MessageId id{};
    std::int32_t schema_version = 1;
    std::int32_t priority = 0;
    microseconds delay{0};
    std::string_view message_group;
};
/// Of a message that is sent, or given back, with this delay, where nothing is before it.
State state_after(microseconds delay);
/// Others wait until the transaction's end before they change which message of the group is the
/// first.
Result<void> lock_group(Work& work, std::string_view message_group);
/// Without the body; where there is a group, it is locked.
Result<void> insert_message(Work& work, const NewRow& row);
Result<void> insert_body(Work& work, MessageId id, std::string_view body);

/// The id is remembered from now on for `message`; gives the message that it was remembered for
/// already, if so.
Result<std::optional<MessageId>> remember(Work& work, std::string_view deduplication_id,
                                          MessageId message);

/// The error of a delivery that is not in flight any more: Conflict.
Error stale_receipt();

// Of a delivery. Errors: stale_receipt.
Result<void> mark_started(Work& work, const Receipt& receipt);
Result<void> hide_until(Work& work, const Receipt& receipt, Time until);
Result<void> remove_delivered(Work& work, const Receipt& receipt);
Result<void> give_back(Work& work, const Receipt& receipt, const Release& release);
Result<void> bury_delivered(Work& work, const Receipt& receipt, std::string_view reason,
                            std::string_view error);

/// A message whose delay or visibility timeout is over.
struct Due {
    MessageId id{};
    State state = State::Delayed;
    bool started = false;
    std::int64_t start_count = 0;
};
/// It waits again, or is a dead letter where its worker was lost too often.
Result<void> bring_back(Work& work, const Due& due);

/// The first message of the group can be received now, where it was behind others.
Result<void> promote_next(Work& work, std::string_view message_group);

}  // namespace larmor::queue

#pragma once
#include <optional>

#include "db/transaction.h"
#include "events/event.h"
#include "queue/queues.h"

namespace larmor::routing {

/// How far a target of the index is.
struct IndexSequence {
    events::Position log;      ///< the newest event that there is
    events::Position applied;  ///< every event up to it is applied
    /// As far as dead letters are passed over: what is behind it was tried, all of it.
    events::Position tried;
    /// The oldest dead letter, where it is what `applied` waits for.
    std::optional<queue::MessageId> held_by;
};

/// From what is not done in the target's queue: the same moment for log and queue, at the cost
/// of looking at its oldest messages.
Result<IndexSequence> read_index_sequence(db::Snapshot& snapshot, queue::Queue& queue);

}  // namespace larmor::routing

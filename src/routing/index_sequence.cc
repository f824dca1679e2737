#include "routing/index_sequence.h"

#include <algorithm>

#include "events/event_reader.h"
#include "events/positioned.h"

namespace larmor::routing {
namespace {

events::Position before(events::Position position) {
    if (position.sequence > 0) --position.sequence;
    return position;
}

}  // namespace

Result<IndexSequence> read_index_sequence(db::Snapshot& snapshot, queue::Queue& queue) {
    IndexSequence sequence;
    TRY(sequence.log, events::newest_position(snapshot));
    sequence.applied = sequence.log;
    sequence.tried = sequence.log;
    TRY(const auto oldest, queue.list_oldest(snapshot, events::kPositionBytes));
    for (const auto& message : oldest) {
        // One without a position is from before there were any: nothing is known.
        const auto done =
            before(events::position_of(message.head).value_or(events::Position{}));
        if (done < sequence.applied) {
            sequence.applied = done;
            sequence.held_by = message.is_dead ? std::optional(message.id) : std::nullopt;
        }
        if (!message.is_dead) sequence.tried = std::min(sequence.tried, done);
    }
    return sequence;
}

}  // namespace larmor::routing

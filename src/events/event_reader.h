#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "db/transaction.h"
#include "events/event_log.h"

namespace larmor::events {

/// One reader of the log, for live and replay: it goes on page by page from a position, each
/// page in a snapshot of its own.
inline constexpr std::size_t kEventPageMax = 500;
inline constexpr std::size_t kEventPageBytes = 1 << 20;  ///< a page ends with the event over it

/// At most `limit` events behind `after`, in order; fewer where they are large, none at the
/// end. Errors: NotFound when events behind `after` are no longer kept, or when `after` is no
/// position of this log (of an epoch that a restore has ended): the reader's copy must be made
/// anew from the catalog; over HTTP 410.
Result<std::vector<StoredEvent>> read_events(db::Snapshot& snapshot, Position after,
                                             std::size_t limit);

/// Before the first event that is kept.
Result<Position> oldest_position(db::Snapshot& snapshot);
Result<Position> newest_position(db::Snapshot& snapshot);
/// Before the first event at or after `time`. Where the clock was set back, one of the places
/// where the times pass it. Errors: NotFound when events of that time are no longer kept.
Result<Position> position_at(db::Snapshot& snapshot, Time time);

/// Before the event of that number, which may not have come yet; then the newest position.
/// Errors: NotFound when it is no longer kept.
Result<Position> position_before(db::Snapshot& snapshot, std::int64_t sequence);

/// `1-42`: epoch and sequence.
std::string to_text(Position position);
/// Errors: InvalidInput.
Result<Position> parse_position(std::string_view text);

}  // namespace larmor::events

#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "db/transaction.h"
#include "events/event.h"

namespace larmor::events {

/// The log is kept in tables of which each begins with a number and goes on to the next one's:
/// a new one with each day, so that what is old is dropped and never deleted by row.
struct EventTable {
    std::int64_t first_sequence = 0;
    std::int64_t day = 0;  ///< 20260102, in UTC, when it was begun
    std::string name;
};

/// 20260102, in UTC.
std::int64_t day_of(Time time);

/// In the order of their numbers.
Result<std::vector<EventTable>> list_tables(db::Snapshot& snapshot);
/// The one that is written; nothing before the first event.
Result<std::optional<EventTable>> last_table(db::Snapshot& snapshot);
Result<EventTable> begin_table(db::Transaction& tx, std::int64_t first_sequence,
                               std::int64_t day);
/// Also for numbers, so that they are never given again.
Result<void> drop_table(db::Transaction& tx, const EventTable& table);
/// The last number that is in the table, the one before its first where it is empty.
Result<std::int64_t> last_sequence_of(db::Snapshot& snapshot, const EventTable& table);

/// Events behind `after`, in order, at most `limit`, until `take` gives false.
Result<void> for_each_event(db::Snapshot& snapshot, std::int64_t after, std::size_t limit,
                            const std::function<bool(StoredEvent)>& take);

struct EventStamp {
    std::int64_t epoch = 0;
    std::int64_t time = 0;  ///< microseconds since 1970 UTC
};
/// Nothing where there is no event of that number.
Result<std::optional<EventStamp>> read_stamp(db::Snapshot& snapshot, std::int64_t sequence);

}  // namespace larmor::events

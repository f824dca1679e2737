#include "events/event_reader.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "events/event_tables.h"

namespace larmor::events {
namespace {

struct Extent {
    std::int64_t epoch = 0;
    std::int64_t dropped = 0;  ///< the last number that is no longer kept
    std::int64_t last = 0;
};

Result<Extent> read_extent(db::Snapshot& snapshot) {
    Extent extent;
    {
        TRY(db::Query query,
            snapshot.prepare("SELECT epoch, dropped_sequence FROM event_log WHERE id = 1"));
        TRY(const bool row, query.next());
        if (!row) return fail(ErrorCode::Corrupt, "the event log has lost its own row");
        extent = {query.int64(0), query.int64(1), query.int64(1)};
    }
    TRY(const auto table, last_table(snapshot));
    if (table) {
        TRY(extent.last, last_sequence_of(snapshot, *table));
    }
    return extent;
}

Result<void> check_position(db::Snapshot& snapshot, Position position) {
    TRY(const Extent extent, read_extent(snapshot));
    if (position.sequence < extent.dropped) {
        return fail(ErrorCode::NotFound,
                    "events from " + std::to_string(position.sequence + 1) + " to " +
                        std::to_string(extent.dropped) + " are no longer kept");
    }
    TRY(const auto stamp, read_stamp(snapshot, position.sequence));
    const bool is_of_this_log =
        stamp ? stamp->epoch == position.epoch
              : position.sequence == extent.dropped && position.epoch <= extent.epoch;
    if (is_of_this_log) return {};
    return fail(ErrorCode::NotFound, "there is no event " + to_text(position) +
                                         " in this log: it was given out before a restore");
}

Result<Position> position_of(db::Snapshot& snapshot, std::int64_t sequence) {
    TRY(const auto stamp, read_stamp(snapshot, sequence));
    if (stamp) return Position{stamp->epoch, sequence};
    TRY(const Extent extent, read_extent(snapshot));
    return Position{extent.epoch, sequence};
}

}  // namespace

Result<std::vector<StoredEvent>> read_events(db::Snapshot& snapshot, Position after,
                                             std::size_t limit) {
    TRY_VOID(check_position(snapshot, after));
    std::vector<StoredEvent> events;
    std::size_t bytes = 0;
    TRY_VOID(for_each_event(snapshot, after.sequence, std::min(limit, kEventPageMax),
                            [&](StoredEvent event) {
                                bytes += event.detail.size() + event.resource.size() + 200;
                                events.push_back(std::move(event));
                                return bytes < kEventPageBytes;
                            }));
    return events;
}

Result<Position> oldest_position(db::Snapshot& snapshot) {
    TRY(const Extent extent, read_extent(snapshot));
    return position_of(snapshot, extent.dropped);
}

Result<Position> newest_position(db::Snapshot& snapshot) {
    TRY(const Extent extent, read_extent(snapshot));
    return position_of(snapshot, extent.last);
}

Result<Position> position_at(db::Snapshot& snapshot, Time time) {
    TRY(const Extent extent, read_extent(snapshot));
    const std::int64_t wanted = time.time_since_epoch().count();
    // Numbers have no gaps, so that halves are found without an index by time.
    std::int64_t before = extent.dropped;
    std::int64_t at_or_after = extent.last + 1;
    while (at_or_after - before > 1) {
        const std::int64_t middle = before + (at_or_after - before) / 2;
        TRY(const auto stamp, read_stamp(snapshot, middle));
        (stamp && stamp->time < wanted ? before : at_or_after) = middle;
    }
    if (before == extent.dropped && extent.dropped > 0) {
        TRY(const auto first, read_stamp(snapshot, extent.dropped + 1));
        if (!first || first->time > wanted) {
            return fail(ErrorCode::NotFound, "events of that time are no longer kept");
        }
    }
    return position_of(snapshot, before);
}

Result<Position> position_before(db::Snapshot& snapshot, std::int64_t sequence) {
    TRY(const Extent extent, read_extent(snapshot));
    if (sequence <= extent.dropped) {
        return fail(ErrorCode::NotFound, "events from " + std::to_string(sequence) + " to " +
                                             std::to_string(extent.dropped) +
                                             " are no longer kept");
    }
    return position_of(snapshot, std::min(sequence - 1, extent.last));
}

std::string to_text(Position position) {
    return std::to_string(position.epoch) + "-" + std::to_string(position.sequence);
}

Result<Position> parse_position(std::string_view text) {
    Position position;
    const char* const end = text.data() + text.size();
    const auto epoch = std::from_chars(text.data(), text.data() + text.size(), position.epoch);
    if (epoch.ec == std::errc() && epoch.ptr != end && *epoch.ptr == '-') {
        const auto sequence = std::from_chars(epoch.ptr + 1, end, position.sequence);
        const bool is_whole = sequence.ec == std::errc() && sequence.ptr == end;
        if (is_whole && position.epoch >= 0 && position.sequence >= 0) return position;
    }
    return fail(ErrorCode::InvalidInput,
                "a position is EPOCH-SEQUENCE, as the id of an event says: 1-42");
}

}  // namespace larmor::events

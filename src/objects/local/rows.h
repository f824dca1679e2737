#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "objects/object_rows.h"

namespace larmor::objects::local {

/// The SQL on segments. Times are microseconds since 1970 UTC.

struct SegmentRow {
    std::int64_t segment = 0;
    std::int64_t created_us = 0;
};
/// Those that this writer may still append to, oldest first.
Result<std::vector<SegmentRow>> open_segments(db::Snapshot& snapshot, std::string_view writer);
Result<SegmentRow> insert_segment(db::Transaction& tx, std::int64_t created_us,
                                  std::string_view writer);
Result<void> remove_segment(db::Transaction& tx, std::int64_t segment);
Result<void> seal_segment(db::Transaction& tx, std::int64_t segment, std::uint64_t bytes);
/// The end of the record that lies furthest back in the segment (in SQLite among the objects
/// that were recorded last or relocated); nothing when there is none.
Result<std::optional<std::uint64_t>> last_recorded_end(db::Snapshot& snapshot,
                                                       std::int64_t segment);

/// Lets the row of an object point at an equal copy in another segment. Errors: Conflict when
/// it does not point at `from`.
Result<void> relocate_object(db::Transaction& tx, ObjectId id, const ObjectLocation& from,
                             const ObjectLocation& to);

}  // namespace larmor::objects::local

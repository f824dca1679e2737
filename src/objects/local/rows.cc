#include "objects/local/rows.h"

#include <algorithm>

namespace larmor::objects::local {
namespace {

constexpr std::int64_t kLatestObjects = 10'000;

}  // namespace

Result<std::vector<SegmentRow>> open_segments(db::Snapshot& snapshot, std::string_view writer) {
    TRY(db::Query query,
        snapshot.prepare("SELECT segment, created FROM object_segments"
                         " WHERE sealed_bytes IS NULL AND writer = ?1 ORDER BY segment"));
    query.bind(writer);
    std::vector<SegmentRow> rows;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return rows;
        rows.push_back({query.int64(0), query.int64(1)});
    }
}

Result<SegmentRow> insert_segment(db::Transaction& tx, std::int64_t created_us,
                                  std::string_view writer) {
    if (tx.dialect() == db::Dialect::Postgres) {
        // Of several processes each is given a number of its own.
        TRY_VOID(
            tx.run("SELECT pg_advisory_xact_lock('object_segments'::regclass::oid::bigint)"));
    }
    std::int64_t segment = 0;
    {
        TRY(db::Query query,
            tx.prepare("SELECT coalesce(max(segment), 0) + 1 FROM object_segments"));
        TRY_VOID(query.next());
        segment = query.int64(0);
    }
    TRY_VOID(
        tx.run("INSERT INTO object_segments (segment, created, writer)"
               " VALUES (?1, ?2, ?3)",
               segment, created_us, writer));
    return SegmentRow{segment, created_us};
}

Result<void> remove_segment(db::Transaction& tx, std::int64_t segment) {
    TRY_VOID(tx.run("DELETE FROM object_segments WHERE segment = ?1", segment));
    return {};
}

Result<void> seal_segment(db::Transaction& tx, std::int64_t segment, std::uint64_t bytes) {
    TRY_VOID(tx.run("UPDATE object_segments SET sealed_bytes = ?2 WHERE segment = ?1", segment,
                    bytes));
    return {};
}

Result<std::optional<std::uint64_t>> last_recorded_end(db::Snapshot& snapshot,
                                                       std::int64_t segment) {
    const bool is_postgres = snapshot.dialect() == db::Dialect::Postgres;
    TRY(db::Query query,
        snapshot.prepare(
            is_postgres ? "SELECT max(record_offset + head_bytes + size_bytes),"
                          " (SELECT relocated_end FROM object_segments WHERE segment = ?1)"
                          " FROM objects WHERE segment = ?1 AND segment <> 0"
                        : "SELECT max(record_offset + head_bytes + size_bytes),"
                          " (SELECT relocated_end FROM object_segments WHERE segment = ?1)"
                          " FROM objects"
                          " WHERE id > (SELECT max(id) FROM objects) - ?2 AND segment = ?1"));
    query.bind(segment);
    if (!is_postgres) query.bind_at(2, kLatestObjects);
    TRY(const bool row, query.next());
    if (!row || (query.is_null(0) && query.is_null(1))) return std::nullopt;
    return static_cast<std::uint64_t>(std::max(query.int64(0), query.int64(1)));
}

Result<void> relocate_object(db::Transaction& tx, ObjectId id, const ObjectLocation& from,
                             const ObjectLocation& to) {
    TRY(const auto changed,
        tx.run("UPDATE objects SET segment = ?4, record_offset = ?5, head_bytes = ?6"
               " WHERE id = ?1 AND segment = ?2 AND record_offset = ?3",
               to_int64(id), from.segment, from.record_offset, to.segment, to.record_offset,
               to.head_bytes));
    if (changed != 1) {
        return fail(ErrorCode::Conflict,
                    "object " + std::to_string(to_int64(id)) + " is no longer where it was");
    }
    TRY_VOID(
        tx.run("UPDATE object_segments SET relocated_end = ?2"
               " WHERE segment = ?1 AND (relocated_end IS NULL OR relocated_end < ?2)",
               to.segment, to.record_offset + to.head_bytes + to.size_bytes));
    return {};
}

}  // namespace larmor::objects::local

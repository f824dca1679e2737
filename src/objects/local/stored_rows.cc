#include "objects/local/stored_rows.h"

#include <algorithm>

namespace larmor::objects::local {

Result<void> for_each_object(db::Snapshot& rows,
                             const std::function<Result<void>(const ObjectLocation&)>& f) {
    TRY(db::Query query, rows.prepare("SELECT segment, record_offset, head_bytes, size_bytes,"
                                      " sha256, key FROM objects ORDER BY id"));
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return {};
        ObjectLocation location;
        location.segment = query.int64(0);
        location.record_offset = static_cast<std::uint64_t>(query.int64(1));
        location.head_bytes = static_cast<std::uint32_t>(query.int64(2));
        location.size_bytes = static_cast<std::uint64_t>(query.int64(3));
        if (query.blob(4).size() == location.sha256.size()) {
            std::ranges::copy(query.blob(4), location.sha256.begin());
        }
        location.key = query.string(5);
        TRY_VOID(f(location));
    }
}

Result<StoredRows> read_stored_rows(db::Snapshot& rows) {
    StoredRows stored;
    {
        TRY(db::Query query, rows.prepare("SELECT store_id FROM object_store WHERE id = 1"));
        TRY(const bool row, query.next());
        if (!row || query.blob(0).size() != stored.store.size()) {
            return fail(ErrorCode::Corrupt, "the rows do not say which store they are of");
        }
        std::ranges::copy(query.blob(0), stored.store.begin());
    }
    TRY_VOID(for_each_object(rows, [&](const ObjectLocation& location) -> Result<void> {
        ++stored.objects;
        if (location.segment == 0) return {};
        auto& bytes = stored.segments[location.segment].bytes;
        bytes = std::max(
            bytes, align_up(location.record_offset + location.head_bytes + location.size_bytes,
                            kPageBytes));
        return {};
    }));
    TRY(db::Query query, rows.prepare("SELECT segment, sealed_bytes FROM object_segments"
                                      " WHERE sealed_bytes IS NOT NULL"));
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return stored;
        stored.segments[query.int64(0)] = {true, static_cast<std::uint64_t>(query.int64(1))};
    }
}

}  // namespace larmor::objects::local

#include <algorithm>
#include <map>
#include <vector>

#include "catalog/check.h"
#include "objects/object_store.h"

namespace larmor::catalog {
namespace {

/// Which of the objects first + 1 to first + size something points at, and how often beyond
/// once.
class Pointed {
public:
    Pointed(std::int64_t first, std::int64_t size)
        : first_(first), bits_(static_cast<std::size_t>(size)) {}
    bool covers(std::int64_t id) const {
        return id > first_ && id - first_ <= static_cast<std::int64_t>(bits_.size());
    }
    void mark(std::int64_t id) {
        if (!covers(id)) return;
        if (is_marked(id)) ++more_[id];
        bits_[static_cast<std::size_t>(id - first_ - 1)] = true;
    }
    bool is_marked(std::int64_t id) const {
        return bits_[static_cast<std::size_t>(id - first_ - 1)];
    }
    /// What was counted of an object is compared once.
    std::int64_t take_more(std::int64_t id) {
        const auto found = more_.extract(id);
        return found ? found.mapped() : 0;
    }
    const std::map<std::int64_t, std::int64_t>& more() const { return more_; }

private:
    std::int64_t first_;
    std::vector<bool> bits_;
    std::map<std::int64_t, std::int64_t> more_;  ///< of copies alone
};

enum class Tell : bool { No, Yes };

/// Columns 2 to 6: object, whether its row is there, whether size and hash are the same.
struct Source {
    std::string_view sql;
    std::string_view what;
};
constexpr std::string_view kLost = "the row of its object is missing: its bytes are lost";

constexpr Source kOriginals[] = {
    {"SELECT i.id, i.sop_instance_uid, i.object, o.id IS NOT NULL,"
     " o.size_bytes = i.size_bytes AND o.sha256 = i.sha256"
     " FROM instances i LEFT JOIN objects o ON o.id = i.object"
     " WHERE i.id > ?1 ORDER BY i.id LIMIT ?2",
     "instance "},
    {"SELECT a.id, i.sop_instance_uid, a.object, o.id IS NOT NULL,"
     " o.size_bytes = a.size_bytes AND o.sha256 = a.sha256"
     " FROM instance_alternates a LEFT JOIN objects o ON o.id = a.object"
     " LEFT JOIN instances i ON i.id = a.instance"
     " WHERE a.id > ?1 ORDER BY a.id LIMIT ?2",
     "another encoding of instance "},
};

/// Column 2 and every second one after: object; behind each whether its row is there.
constexpr Source kPrepared[] = {
    {"SELECT p.instance, i.sop_instance_uid,"
     " p.metadata_object, EXISTS (SELECT 1 FROM objects WHERE id = p.metadata_object),"
     " p.frame_index_object, EXISTS (SELECT 1 FROM objects WHERE id = p.frame_index_object),"
     " p.thumbnail_object, EXISTS (SELECT 1 FROM objects WHERE id = p.thumbnail_object)"
     " FROM prepared_instances p LEFT JOIN instances i ON i.id = p.instance"
     " WHERE p.instance > ?1 ORDER BY p.instance LIMIT ?2",
     "what was prepared of instance "},
    {"SELECT m.id, m.image_set_id,"
     " m.metadata_object, EXISTS (SELECT 1 FROM objects WHERE id = m.metadata_object),"
     " m.thumbnail_object, EXISTS (SELECT 1 FROM objects WHERE id = m.thumbnail_object),"
     " NULL, 0 FROM image_sets m WHERE m.id > ?1 ORDER BY m.id LIMIT ?2",
     "what was prepared of image set "},
    {"SELECT f.file_object, CAST(f.file_object AS TEXT),"
     " f.frames_object, EXISTS (SELECT 1 FROM objects WHERE id = f.frames_object),"
     " NULL, 0, NULL, 0 FROM image_frames f WHERE f.file_object > ?1 ORDER BY f.file_object "
     "LIMIT ?2",
     "image frames of object "},
};

Result<void> mark_all(db::Check& check, Pointed& pointed, Tell tell) {
    for (const auto& source : kOriginals) {
        TRY_VOID(check.for_each_row(source.sql, [&](const db::Query& row) {
            pointed.mark(row.int64(2));
            if (tell == Tell::No) return true;
            const std::string where = std::string(source.what) + row.string(1);
            if (row.int64(3) == 0) {
                check.error(where, std::string(kLost));
            } else if (row.int64(4) == 0) {
                check.error(where, "its row and that of object " +
                                       std::to_string(row.int64(2)) +
                                       " differ in size or hash");
            }
            return true;
        }));
    }
    for (const auto& source : kPrepared) {
        TRY_VOID(check.for_each_row(source.sql, [&](const db::Query& row) {
            for (int column = 2; column <= 6; column += 2) {
                if (row.is_null(column)) continue;
                pointed.mark(row.int64(column));
                if (tell == Tell::Yes && row.int64(column + 1) == 0) {
                    check.error(std::string(source.what) + row.string(1), std::string(kLost));
                }
            }
            return true;
        }));
    }
    return {};
}

/// An object with more owners than are counted would be removed under the last of them.
Result<void> check_owners(db::Check& check, Pointed& pointed) {
    const auto tell = [&](std::int64_t object, std::int64_t counted, std::int64_t there) {
        check.error("object " + std::to_string(object),
                    std::to_string(counted) +
                        " owners beyond the first are counted, there are " +
                        std::to_string(there),
                    db::Repair::Counts);
    };
    TRY_VOID(check.for_each_row(
        "SELECT object, more_owners FROM shared_objects WHERE object > ?1 ORDER BY object"
        " LIMIT ?2",
        [&](const db::Query& row) {
            const std::int64_t object = row.int64(0);
            if (!pointed.covers(object)) return true;
            const std::int64_t there = pointed.take_more(object);
            if (there != row.int64(1)) tell(object, row.int64(1), there);
            return true;
        }));
    for (const auto& [object, there] : pointed.more()) tell(object, 0, there);
    return {};
}

}  // namespace

Result<void> check_pointers(db::Check& check) {
    constexpr std::int64_t kWindow = 16LL << 23;  // 16 MiB of bits
    TRY(const std::int64_t last, check.number("SELECT coalesce(max(id), 0) FROM objects"));
    for (std::int64_t first = 0; first == 0 || first < last; first += kWindow) {
        const std::int64_t size = std::min(kWindow, last - first);
        Pointed pointed(first, size);
        TRY_VOID(mark_all(check, pointed, first == 0 ? Tell::Yes : Tell::No));
        TRY_VOID(check_owners(check, pointed));
        TRY_VOID(check.for_each_row(
            "SELECT id, segment, record_offset, key FROM objects WHERE id > ?1 ORDER BY id"
            " LIMIT ?2",
            [&](const db::Query& row) {
                const std::int64_t id = row.int64(0);
                if (id > first + size) return false;
                if (pointed.is_marked(id)) return true;
                objects::ObjectLocation location;
                location.segment = row.int64(1);
                location.record_offset = static_cast<std::uint64_t>(row.int64(2));
                location.key = row.string(3);
                check.note(objects::place_of(location),
                           "no row points at object " + std::to_string(id));
                return true;
            },
            first));
    }
    return {};
}

}  // namespace larmor::catalog

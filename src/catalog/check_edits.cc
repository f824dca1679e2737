#include "catalog/check.h"
#include "edits/change.h"

namespace larmor::catalog {

Result<void> check_edits(db::Check& check) {
    TRY_VOID(check.for_each_row(
        "SELECT e.image_set, max(m.image_set_id), max(m.latest_version),"
        " max(m.edited_version), max(e.version) FROM image_set_edits e"
        " LEFT JOIN image_sets m ON m.id = e.image_set WHERE e.image_set > ?1"
        " GROUP BY e.image_set ORDER BY e.image_set LIMIT ?2",
        [&](const db::Query& row) {
            if (row.is_null(1)) {
                check.error("row " + std::to_string(row.int64(0)) + " of image_set_edits",
                            "the image set that was edited is missing");
                return true;
            }
            const std::string where = "image set " + row.string(1);
            if (row.int64(4) > row.int64(2)) {
                check.error(where, "it was edited in a version that it does not have");
            }
            if (row.int64(4) > row.int64(3)) {
                check.error(where, "edited_version is " + std::to_string(row.int64(3)) +
                                       ", but it was edited in version " +
                                       std::to_string(row.int64(4)) +
                                       ": readers do not see that");
            }
            return true;
        }));
    // Those that hold now; image sets that were edited are few beside instances.
    return check.for_each_row(
        "SELECT m.id, m.image_set_id, (SELECT count(*) FROM image_set_edits e"
        "  WHERE e.image_set = m.id AND e.instance > 0 AND NOT EXISTS"
        "  (SELECT 1 FROM instances i WHERE i.id = e.instance)),"
        " (SELECT e.document FROM image_set_edits e WHERE e.image_set = m.id"
        "  AND e.instance = 0 AND e.version > 0 ORDER BY e.version DESC LIMIT 1)"
        " FROM image_sets m WHERE m.edited_version > 0 AND m.id > ?1 ORDER BY m.id LIMIT ?2",
        [&](const db::Query& row) {
            const std::string where = "image set " + row.string(1);
            if (row.int64(2) > 0) {
                check.error(where, std::to_string(row.int64(2)) +
                                       " rows say what was edited in instances that are gone");
            }
            if (const auto read = edits::parse_document(row.text(3)); !read) {
                check.error(where, read.error().message);
            }
            return true;
        });
}

}  // namespace larmor::catalog

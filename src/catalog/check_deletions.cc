#include "catalog/check.h"

namespace larmor::catalog {

Result<void> check_deletions(db::Check& check) {
    TRY_VOID(check.for_each_row(
        "SELECT m.id, m.image_set_id, m.state = 2,"
        " EXISTS (SELECT 1 FROM deletion_image_sets d JOIN deletions x ON x.id = d.deletion"
        "   WHERE d.image_set = m.id)"
        " FROM image_sets m WHERE m.id > ?1 ORDER BY m.id LIMIT ?2",
        [&](const db::Query& row) {
            if (row.int64(2) != row.int64(3)) {
                check.error("image set " + row.string(1),
                            row.int64(2) != 0 ? "it is deleted, but by no deletion"
                                              : "it is not deleted, but a deletion names it");
            }
            return true;
        }));
    TRY_VOID(check.for_each_row(
        "SELECT d.image_set FROM deletion_image_sets d WHERE d.image_set > ?1 AND NOT EXISTS"
        " (SELECT 1 FROM image_sets m WHERE m.id = d.image_set) ORDER BY d.image_set LIMIT ?2",
        [&](const db::Query& row) {
            check.error("row " + std::to_string(row.int64(0)) + " of deletion_image_sets",
                        "its image set is missing");
            return true;
        }));
    return check.for_each_row(
        "SELECT x.id, x.deletion_id, x.number_of_instances,"
        " (SELECT count(*) FROM deletion_image_sets d JOIN instances i"
        "   ON i.image_set = d.image_set WHERE d.deletion = x.id)"
        " FROM deletions x WHERE x.id > ?1 ORDER BY x.id LIMIT ?2",
        [&](const db::Query& row) {
            if (row.int64(2) != row.int64(3)) {
                check.error("deletion " + row.string(1),
                            "number_of_instances says " + std::to_string(row.int64(2)) +
                                ", there are " + std::to_string(row.int64(3)),
                            db::Repair::Counts);
            }
            return true;
        });
}

}  // namespace larmor::catalog

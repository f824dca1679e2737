#include "catalog/shared_objects.h"

#include "catalog/deletions.h"

namespace larmor::catalog {
namespace {

constexpr std::string_view kShare =
    "INSERT INTO shared_objects (object, more_owners)"
    " SELECT o.object, count(*) FROM ("
    "  SELECT i.object AS object FROM instances i WHERE i.image_set = ?1 AND i.id > ?2"
    "  UNION ALL SELECT a.object FROM instances i JOIN instance_alternates a"
    "   ON a.instance = i.id WHERE i.image_set = ?1 AND i.id > ?2"
    "  UNION ALL SELECT p.metadata_object FROM instances i JOIN prepared_instances p"
    "   ON p.instance = i.id WHERE i.image_set = ?1 AND i.id > ?2"
    "  UNION ALL SELECT p.frame_index_object FROM instances i JOIN prepared_instances p"
    "   ON p.instance = i.id WHERE i.image_set = ?1 AND i.id > ?2"
    "  UNION ALL SELECT p.thumbnail_object FROM instances i JOIN prepared_instances p"
    "   ON p.instance = i.id WHERE i.image_set = ?1 AND i.id > ?2) o"
    " WHERE o.object IS NOT NULL GROUP BY o.object ORDER BY o.object"
    " ON CONFLICT (object) DO UPDATE SET"
    " more_owners = shared_objects.more_owners + excluded.more_owners";

}  // namespace

Result<void> share_objects(db::Transaction& tx, const NewRows& rows) {
    TRY_VOID(tx.run(kShare, rows.image_set, rows.after));
    return {};
}

Result<void> count_owners(db::Transaction& tx) {
    TRY_VOID(tx.run("DELETE FROM shared_objects"));
    TRY_VOID(
        tx.run("INSERT INTO shared_objects (object, more_owners)"
               " SELECT o.object, count(*) - 1 FROM ("
               "  SELECT object FROM instances UNION ALL SELECT object FROM instance_alternates"
               "  UNION ALL SELECT metadata_object FROM prepared_instances"
               "  UNION ALL SELECT frame_index_object FROM prepared_instances"
               "  UNION ALL SELECT thumbnail_object FROM prepared_instances) o"
               " WHERE o.object IS NOT NULL GROUP BY o.object HAVING count(*) > 1"));
    return {};
}

Result<void> let_go_of(db::Transaction& tx, objects::ObjectId object,
                       const RemoveObject& remove) {
    const std::int64_t id = objects::to_int64(object);
    if (id == 0) return {};
    TRY(const std::int64_t others,
        tx.run("UPDATE shared_objects SET more_owners = more_owners - 1 WHERE object = ?1",
               id));
    if (others == 0) return remove_if_there(remove, object);
    TRY_VOID(tx.run("DELETE FROM shared_objects WHERE object = ?1 AND more_owners = 0", id));
    return {};
}

}  // namespace larmor::catalog

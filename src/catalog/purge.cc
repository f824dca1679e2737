#include <algorithm>
#include <vector>

#include "catalog/catalog_impl.h"
#include "catalog/deletions.h"
#include "catalog/shared_objects.h"

namespace larmor::catalog {
namespace {

Result<std::vector<objects::ObjectId>> objects_of(db::Transaction& tx, std::string_view sql,
                                                  std::int64_t instance) {
    TRY(db::Query query, tx.prepare(sql));
    query.bind(instance);
    std::vector<objects::ObjectId> objects;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return objects;
        objects.push_back(objects::ObjectId{query.int64(0)});
    }
}

Result<void> remove_instance(db::Transaction& tx, RowNumbers& numbers, std::int64_t instance,
                             const RemoveObject& remove) {
    TRY(const auto objects,
        objects_of(
            tx,
            "SELECT object FROM instances WHERE id = ?1"
            " UNION ALL SELECT object FROM instance_alternates WHERE instance = ?1"
            " UNION ALL SELECT metadata_object FROM prepared_instances WHERE instance = ?1"
            " UNION ALL SELECT frame_index_object FROM prepared_instances"
            "   WHERE instance = ?1"
            " UNION ALL SELECT thumbnail_object FROM prepared_instances"
            "   WHERE instance = ?1"
            " UNION ALL SELECT f.frames_object FROM image_frames f"
            "   JOIN instances i ON i.object = f.file_object WHERE i.id = ?1"
            "   AND NOT EXISTS (SELECT 1 FROM instances o"
            "     WHERE o.object = f.file_object AND o.id <> ?1)",
            instance));
    for (const objects::ObjectId object : objects) {
        TRY_VOID(let_go_of(tx, object, remove));
    }
    TRY_VOID(numbers.removed(tx, RowNumbers::Table::Instances, instance));
    TRY_VOID(
        tx.run("DELETE FROM image_set_edits WHERE instance = ?1"
               " AND image_set = (SELECT image_set FROM instances WHERE id = ?1)",
               instance));
    TRY_VOID(tx.run("DELETE FROM instance_alternates WHERE instance = ?1", instance));
    TRY_VOID(tx.run("DELETE FROM prepared_instances WHERE instance = ?1", instance));
    TRY_VOID(tx.run("DELETE FROM conflict_columns WHERE instance = ?1", instance));
    TRY_VOID(
        // Others may have the file too.
        tx.run("DELETE FROM image_frames WHERE file_object ="
               " (SELECT object FROM instances WHERE id = ?1)"
               " AND NOT EXISTS (SELECT 1 FROM instances o"
               "  WHERE o.object = image_frames.file_object AND o.id <> ?1)",
               instance));
    TRY_VOID(tx.run("DELETE FROM instances WHERE id = ?1", instance));
    return {};
}

Result<std::vector<std::int64_t>> rows_of(db::Transaction& tx, std::string_view sql,
                                          std::int64_t of, std::size_t limit) {
    TRY(db::Query query, tx.prepare(sql));
    query.bind(of, limit);
    std::vector<std::int64_t> rows;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return rows;
        rows.push_back(query.int64(0));
    }
}

}  // namespace

Result<void> Catalog::Impl::lock_study_of(db::Transaction& tx, DeletionRow deletion) {
    if (tx.dialect() == db::Dialect::Sqlite) return {};
    std::string study;
    {
        TRY(db::Query query,
            tx.prepare("SELECT study_instance_uid FROM deletions WHERE id = ?1"));
        query.bind(static_cast<std::int64_t>(deletion));
        TRY(const bool found, query.next());
        if (found) study = query.string(0);
    }
    return lock(tx, Lock::Study, study);
}

Result<void> Catalog::begin_purge(db::Transaction& tx, std::string_view deletion_id) {
    TRY(const Deletion deletion, impl_->locked_deletion(*this, tx, deletion_id));
    TRY_VOID(tx.run("UPDATE deletions SET purging = 1 WHERE id = ?1",
                    static_cast<std::int64_t>(deletion.row)));
    return {};
}

Result<Catalog::Purged> Catalog::purge_some(db::Transaction& tx, DeletionRow deletion,
                                            std::size_t limit, const RemoveObject& remove) {
    const auto number = static_cast<std::int64_t>(deletion);
    Purged purged;
    TRY_VOID(Impl::lock_study_of(tx, deletion));
    TRY(const auto image_sets,
        rows_of(tx,
                "SELECT image_set FROM deletion_image_sets WHERE deletion = ?1"
                " ORDER BY image_set LIMIT ?2",
                number, limit));
    std::size_t left = limit;
    for (const std::int64_t image_set : image_sets) {
        TRY(const auto instances,
            rows_of(tx, "SELECT id FROM instances WHERE image_set = ?1 ORDER BY id LIMIT ?2",
                    image_set, left));
        for (const std::int64_t instance : instances) {
            TRY_VOID(remove_instance(tx, impl_->numbers, instance, remove));
        }
        const auto count = static_cast<std::int64_t>(instances.size());
        purged.instances += count;
        left -= instances.size();
        // Fewer than asked for: there are no more.
        if (left > 0) {
            TRY_VOID(remove_image_set(tx, impl_->numbers, image_set, remove));
            --left;
        } else {
            TRY_VOID(
                tx.run("UPDATE image_sets SET number_of_instances ="
                       " number_of_instances - ?2 WHERE id = ?1",
                       image_set, count));
            TRY_VOID(
                tx.run("UPDATE image_set_versions SET number_of_instances ="
                       " number_of_instances - ?2 WHERE image_set = ?1 AND version ="
                       " (SELECT latest_version FROM image_sets WHERE id = ?1)",
                       image_set, count));
        }
        if (left == 0) break;
    }
    TRY_VOID(
        tx.run("UPDATE deletions SET number_of_instances = number_of_instances - ?2"
               " WHERE id = ?1",
               number, purged.instances));
    TRY(const std::int64_t removed,
        tx.run("DELETE FROM deletions WHERE id = ?1 AND NOT EXISTS"
               " (SELECT 1 FROM deletion_image_sets WHERE deletion = ?1)",
               number));
    purged.done = removed == 1;
    return purged;
}

}  // namespace larmor::catalog

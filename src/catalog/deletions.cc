#include "catalog/deletions.h"

#include "catalog/catalog_impl.h"

namespace larmor::catalog {
namespace {

constexpr std::string_view kSelectDeletion =
    "SELECT id, deletion_id, study_instance_uid, series_instance_uid, sop_instance_uid,"
    " patient_id, deleted_by, number_of_instances, deleted, expires, purging FROM deletions";

Deletion read_deletion(const db::Query& query) {
    return {.row = DeletionRow{query.int64(0)},
            .id = query.string(1),
            .study_instance_uid = query.string(2),
            .series_instance_uid = query.string(3),
            .sop_instance_uid = query.string(4),
            .patient_id = query.string(5),
            .deleted_by = query.string(6),
            .number_of_instances = query.int64(7),
            .deleted = Time(std::chrono::microseconds(query.int64(8))),
            .expires = Time(std::chrono::microseconds(query.int64(9))),
            .purging = query.int64(10) != 0};
}

Result<std::vector<Deletion>> read_deletions(db::Query& query) {
    std::vector<Deletion> deletions;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return deletions;
        deletions.push_back(read_deletion(query));
    }
}

/// `sql` says whether a row with number ?1 has nothing in it.
Result<bool> holds(db::Transaction& tx, std::string_view sql, std::int64_t row) {
    TRY(db::Query query, tx.prepare(sql));
    query.bind(row);
    return query.next();
}

}  // namespace

Result<DeletionRow> insert_deletion(db::Transaction& tx, const Deletion& deletion) {
    TRY(db::Query query,
        tx.prepare("INSERT INTO deletions (deletion_id, study_instance_uid,"
                   " series_instance_uid, sop_instance_uid, patient_id, deleted_by,"
                   " number_of_instances, deleted, expires)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
    const std::int64_t deleted = deletion.deleted.time_since_epoch().count();
    const std::int64_t expires = deletion.expires.time_since_epoch().count();
    query.bind(deletion.id, deletion.study_instance_uid, deletion.series_instance_uid,
               deletion.sop_instance_uid, deletion.patient_id, deletion.deleted_by,
               deletion.number_of_instances, deleted, expires);
    TRY(const std::int64_t row, query.insert());
    return DeletionRow{row};
}

Result<void> remove_if_there(const RemoveObject& remove, objects::ObjectId object) {
    if (objects::to_int64(object) == 0) return {};
    if (auto removed = remove(object); !removed && removed.error().code != ErrorCode::NotFound)
        return removed;
    return {};
}

Result<void> remove_series_if_empty(db::Transaction& tx, RowNumbers& numbers,
                                    std::int64_t series) {
    std::int64_t study = 0;
    std::int64_t patient = 0;
    {
        TRY(db::Query query,
            tx.prepare(
                "SELECT s.study, t.patient FROM series s JOIN studies t ON t.id = s.study"
                " WHERE s.id = ?1 AND NOT EXISTS"
                " (SELECT 1 FROM image_sets m WHERE m.series = s.id)"));
        query.bind(series);
        TRY(const bool found, query.next());
        if (!found) return {};
        study = query.int64(0);
        patient = query.int64(1);
    }
    TRY_VOID(numbers.removed(tx, RowNumbers::Table::Series, series));
    TRY_VOID(tx.run("DELETE FROM series WHERE id = ?1", series));
    TRY(const bool study_holds,
        holds(tx, "SELECT 1 FROM series WHERE study = ?1 LIMIT 1", study));
    if (study_holds) return {};
    TRY_VOID(numbers.removed(tx, RowNumbers::Table::Studies, study));
    TRY_VOID(tx.run("DELETE FROM studies WHERE id = ?1", study));
    TRY(const bool patient_holds,
        holds(tx, "SELECT 1 FROM studies WHERE patient = ?1 LIMIT 1", patient));
    if (patient_holds) return {};
    TRY_VOID(tx.run("DELETE FROM patients WHERE id = ?1", patient));
    return {};
}

Result<void> remove_image_set(db::Transaction& tx, RowNumbers& numbers, std::int64_t image_set,
                              const RemoveObject& remove) {
    std::int64_t series = 0;
    objects::ObjectId metadata{};
    objects::ObjectId thumbnail{};
    {
        TRY(db::Query query, tx.prepare("SELECT series, metadata_object, thumbnail_object"
                                        " FROM image_sets WHERE id = ?1"));
        query.bind(image_set);
        TRY(const bool found, query.next());
        if (!found) return {};
        series = query.int64(0);
        metadata = objects::ObjectId{query.int64(1)};
        thumbnail = objects::ObjectId{query.int64(2)};
    }
    TRY_VOID(remove_if_there(remove, metadata));
    TRY_VOID(remove_if_there(remove, thumbnail));
    TRY_VOID(numbers.removed(tx, RowNumbers::Table::ImageSets, image_set));
    TRY_VOID(tx.run("DELETE FROM deletion_image_sets WHERE image_set = ?1", image_set));
    TRY_VOID(tx.run("DELETE FROM image_set_versions WHERE image_set = ?1", image_set));
    TRY_VOID(tx.run("DELETE FROM image_set_edits WHERE image_set = ?1", image_set));
    TRY_VOID(tx.run("UPDATE series SET image_set = NULL WHERE id = ?1 AND image_set = ?2",
                    series, image_set));
    TRY_VOID(tx.run("DELETE FROM image_sets WHERE id = ?1", image_set));
    return remove_series_if_empty(tx, numbers, series);
}

Result<Deletion> Catalog::find_deletion(db::Snapshot& snapshot, std::string_view id) const {
    static const std::string kSql = std::string(kSelectDeletion) + " WHERE deletion_id = ?1";
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(id);
    TRY(const bool found, query.next());
    if (!found) return fail(ErrorCode::NotFound, "there is no such deletion");
    return read_deletion(query);
}

Result<Deletion> Catalog::Impl::locked_deletion(const Catalog& catalog, db::Transaction& tx,
                                                std::string_view deletion_id) {
    TRY(Deletion deletion, catalog.find_deletion(tx, deletion_id));
    if (tx.dialect() == db::Dialect::Sqlite) return deletion;
    TRY_VOID(lock(tx, Lock::Study, deletion.study_instance_uid));
    return catalog.find_deletion(tx, deletion_id);  // as it is now
}

Result<std::vector<Deletion>> Catalog::list_deletions(db::Snapshot& snapshot,
                                                      std::size_t offset,
                                                      std::size_t limit) const {
    static const std::string kSql =
        std::string(kSelectDeletion) + " ORDER BY id DESC LIMIT ?1 OFFSET ?2";
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(limit, offset);
    return read_deletions(query);
}

Result<std::vector<Deletion>> Catalog::list_expired(db::Snapshot& snapshot, Time now,
                                                    std::size_t limit) const {
    static const std::string kSql = std::string(kSelectDeletion) +
                                    " WHERE expires <= ?1 OR purging = 1"
                                    " ORDER BY expires, id LIMIT ?2";
    TRY(db::Query query, snapshot.prepare(kSql));
    const std::int64_t now_us = now.time_since_epoch().count();
    query.bind(now_us, limit);
    return read_deletions(query);
}

}  // namespace larmor::catalog

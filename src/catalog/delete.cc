#include "base/ids.h"
#include "catalog/catalog_impl.h"
#include "catalog/deletions.h"
#include "catalog/edit_moves.h"
#include "catalog/editor.h"

namespace larmor::catalog {
namespace {

/// ?3 is the SOP Instance UID, empty for all.
constexpr std::string_view kAffected =
    "SELECT m.id, m.image_set_id, m.series, s.series_instance_uid, m.is_primary,"
    " m.latest_version, (SELECT count(*) FROM instances i WHERE i.image_set = m.id),"
    " (SELECT count(*) FROM instances i WHERE i.sop_instance_uid = ?3 AND i.image_set = m.id)"
    " FROM series s JOIN image_sets m ON m.series = s.id"
    " WHERE s.study = ?1 AND m.state = 0 AND (?2 = '' OR s.series_instance_uid = ?2)"
    " ORDER BY m.id";

Result<std::vector<Affected>> find_affected(db::Transaction& tx, std::int64_t study,
                                            const DeleteRequest& request) {
    TRY(db::Query query, tx.prepare(kAffected));
    query.bind(study, request.series_instance_uid, request.sop_instance_uid);
    std::vector<Affected> affected;
    bool is_shown = false;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) break;
        Affected one;
        one.target = {.row = query.int64(0),
                      .id = query.string(1),
                      .study = study,
                      .series = query.int64(2),
                      .is_primary = query.int64(4) != 0,
                      .latest_version = query.int64(5),
                      .entry = nullptr};
        one.series_instance_uid = query.string(3);
        one.rows = query.int64(6);
        one.matched = request.sop_instance_uid.empty() ? one.rows : query.int64(7);
        if (one.matched == 0) continue;
        is_shown = is_shown || one.target.is_primary;
        affected.push_back(std::move(one));
    }
    // Conflicts go with what they are in conflict with, and nobody can name them alone.
    if (!is_shown) affected.clear();
    return affected;
}

tl::unexpected<Error> nothing_there(const DeleteRequest& request) {
    std::string message = "there is no ";
    if (request.series_instance_uid.empty()) {
        message += "study " + request.study_instance_uid;
    } else if (request.sop_instance_uid.empty()) {
        message += "series " + request.series_instance_uid;
    } else {
        message += "instance " + request.sop_instance_uid;
    }
    return fail(ErrorCode::NotFound, std::move(message));
}

Result<StudyToDelete> find_study_to_delete(db::Transaction& tx, const DeleteRequest& request) {
    TRY(db::Query query,
        tx.prepare("SELECT id, patient_id FROM studies WHERE study_instance_uid = ?1"));
    query.bind(request.study_instance_uid);
    TRY(const bool found, query.next());
    if (!found) return nothing_there(request);
    return StudyToDelete{query.int64(0), query.string(1)};
}

Result<void> note_image_set(db::Transaction& tx, DeletionRow deletion, std::int64_t image_set,
                            const DeletedImageSet& as) {
    TRY_VOID(
        tx.run("INSERT INTO deletion_image_sets (image_set, deletion, series_instance_uid,"
               " was_primary, is_whole) VALUES (?1, ?2, ?3, ?4, ?5)",
               image_set, static_cast<std::int64_t>(deletion), as.series_instance_uid,
               as.was_primary ? 1 : 0, as.is_whole ? 1 : 0));
    return {};
}

}  // namespace

Result<void> retire_empty_parents(db::Transaction& tx, std::int64_t study) {
    TRY_VOID(
        tx.run("UPDATE series SET series_instance_uid = series_instance_uid || '/' || id"
               " WHERE study = ?1 AND series_instance_uid NOT LIKE '%/%'"
               " AND EXISTS (SELECT 1 FROM image_sets m WHERE m.series = series.id)"
               " AND NOT EXISTS (SELECT 1 FROM image_sets m WHERE m.series = series.id"
               "   AND m.state = 0)",
               study));
    TRY_VOID(
        tx.run("UPDATE studies SET study_instance_uid = study_instance_uid || '/' || id"
               " WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM image_sets m"
               "   WHERE m.study = ?1 AND m.state = 0)",
               study));
    return {};
}

Result<ImageSetTarget> Catalog::Impl::set_apart(db::Transaction& tx, DeletionRow deletion,
                                                const ImageSetTarget& from,
                                                const DeletedImageSet& as,
                                                std::int64_t instances) {
    TRY(ImageSetTarget made, insert_image_set(tx, from.study, from.series, false));
    made.is_active = false;
    made.is_announced = false;
    made.latest_version = 1;
    TRY_VOID(
        tx.run("UPDATE image_sets SET state = 2, workflow_status = 'DELETED',"
               " latest_version = 1, number_of_instances = ?2 WHERE id = ?1",
               made.row, instances));
    TRY_VOID(
        tx.run("INSERT INTO image_set_versions (image_set, version, created, cause,"
               " number_of_instances) VALUES (?1, 1, ?2, 'delete', ?3)",
               made.row, now_us(), instances));
    TRY_VOID(note_image_set(tx, deletion, made.row, as));
    return made;
}

Result<Deletion> Catalog::Impl::delete_affected(db::Transaction& tx,
                                                const DeleteRequest& request,
                                                const StudyToDelete& study,
                                                const std::vector<Affected>& affected) {
    Deletion deletion{.id = random_id(),
                      .study_instance_uid = request.study_instance_uid,
                      .series_instance_uid = request.series_instance_uid,
                      .sop_instance_uid = request.sop_instance_uid,
                      .patient_id = study.patient_id,
                      .deleted_by = request.deleted_by,
                      .deleted = Time(std::chrono::microseconds(now_us())),
                      .expires = request.expires};
    for (const Affected& one : affected) deletion.number_of_instances += one.matched;
    TRY(deletion.row, insert_deletion(tx, deletion));

    for (const Affected& one : affected) {
        const std::int64_t shown = one.target.is_primary ? -one.matched : 0;
        DeletedImageSet as{.series_instance_uid = one.series_instance_uid,
                           .was_primary = one.target.is_primary,
                           .is_whole = one.matched == one.rows};
        forget_series(tx, request.study_instance_uid, one.series_instance_uid);
        if (as.is_whole) {
            TRY_VOID(tx.run("UPDATE image_sets SET state = 2 WHERE id = ?1", one.target.row));
            TRY_VOID(note_image_set(tx, deletion.row, one.target.row, as));
            changes.change(tx, one.target,
                           {.rows = 0, .shown = shown, .active = false, .cause = "delete"});
        } else {
            TRY(const ImageSetTarget apart,
                set_apart(tx, deletion.row, one.target, as, one.matched));
            TRY_VOID(
                tx.run("UPDATE instances SET image_set = ?3, first_version = 1"
                       " WHERE sop_instance_uid = ?1 AND image_set = ?2",
                       request.sop_instance_uid, one.target.row, apart.row));
            TRY_VOID(set_edits_apart(tx, one.target.row, apart.row));
            changes.change(tx, one.target,
                           {.rows = -one.matched,
                            .shown = shown,
                            .active = std::nullopt,
                            .cause = "delete"});
        }
    }
    TRY_VOID(retire_empty_parents(tx, study.row));
    return deletion;
}

Result<Deletion> Catalog::delete_resource(db::Transaction& tx, const DeleteRequest& request) {
    TRY_VOID(impl_->lock(tx, Impl::Lock::Study, request.study_instance_uid));
    TRY(const StudyToDelete study, find_study_to_delete(tx, request));
    TRY(const std::vector<Affected> affected, find_affected(tx, study.row, request));
    if (affected.empty()) return nothing_there(request);
    return impl_->delete_affected(tx, request, study, affected);
}

Result<Deletion> Catalog::delete_image_set(db::Transaction& tx, std::string_view id,
                                           std::string_view deleted_by, Time expires) {
    Editor editor(*impl_, tx);
    TRY(const EditTarget target, editor.find_locked(id));
    const DeleteRequest request{.study_instance_uid = target.study_instance_uid,
                                .series_instance_uid = target.series_instance_uid,
                                .sop_instance_uid = {},
                                .deleted_by = std::string(deleted_by),
                                .expires = expires};
    if (target.image_set.is_primary) return delete_resource(tx, request);
    Affected one;
    one.target = as_changed(target);
    one.series_instance_uid = target.series_instance_uid;
    one.rows = target.number_of_instances;
    one.matched = one.rows;
    const StudyToDelete study{number_of(target.image_set.study), target.patient_id};
    return impl_->delete_affected(tx, request, study, {one});
}

}  // namespace larmor::catalog

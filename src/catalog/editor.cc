#include "catalog/editor.h"

#include <algorithm>
#include <limits>
#include <map>

#include "catalog/edit_columns.h"
#include "catalog/folding.h"
#include "catalog/name_words.h"
#include "catalog/read_rows.h"

namespace larmor::catalog {
namespace {

constexpr std::string_view kSelectTarget =
    "SELECT m.id, m.image_set_id, m.study, m.series, m.is_primary, m.state, m.workflow_status,"
    " m.latest_version, m.created, m.updated, m.edited_version, t.patient_id,"
    " t.study_instance_uid, s.series_instance_uid, m.number_of_instances FROM image_sets m"
    " JOIN studies t ON t.id = m.study JOIN series s ON s.id = m.series";

EditTarget read_target(const db::Query& query) {
    return {.image_set = read_image_set(query),
            .patient_id = query.string(11),
            .study_instance_uid = query.string(12),
            .series_instance_uid = query.string(13),
            .number_of_instances = query.int64(14)};
}

Result<std::optional<EditTarget>> find_target(db::Snapshot& tx, std::string_view id) {
    static const std::string kSql = std::string(kSelectTarget) + " WHERE m.image_set_id = ?1";
    TRY(db::Query query, tx.prepare(kSql));
    query.bind(id);
    TRY(const bool found, query.next());
    const bool is_there = found && query.int64(7) > 0 &&
                          static_cast<ImageSetState>(query.int64(5)) != ImageSetState::Deleted;
    return is_there ? std::optional(read_target(query)) : std::nullopt;
}

tl::unexpected<Error> no_image_set(std::string_view id) {
    return fail(ErrorCode::NotFound, "there is no image set " + std::string(id));
}

}  // namespace

ImageSetTarget as_changed(const EditTarget& target) {
    const ImageSet& set = target.image_set;
    return {.row = number_of(set.row),
            .id = set.id,
            .study = number_of(set.study),
            .series = number_of(set.series),
            .is_primary = set.is_primary,
            .latest_version = set.latest_version,
            .entry = nullptr};
}

Result<PlacedImageSet> Catalog::place_image_set(db::Snapshot& snapshot,
                                                std::string_view id) const {
    TRY(auto target, find_target(snapshot, id));
    if (!target) return no_image_set(id);
    return *std::move(target);
}

Result<EditTarget> Editor::find_locked(std::string_view id) {
    TRY(auto target, find_target(tx_, id));
    if (!target) return no_image_set(id);
    if (tx_.dialect() == db::Dialect::Postgres) {
        TRY_VOID(impl_.lock(tx_, Catalog::Impl::Lock::Study, target->study_instance_uid));
        TRY(target, find_target(tx_, id));  // as it is now
        if (!target) return no_image_set(id);
    }
    if (target->image_set.state == ImageSetState::Locked) {
        return fail(ErrorCode::Conflict, "the image set is LOCKED by another operation");
    }
    return *std::move(target);
}

Result<std::vector<EditTarget>> Editor::primary_sets(std::int64_t study) {
    static const std::string kSql =
        std::string(kSelectTarget) +
        // With those that the same commit group made, which have no version yet.
        " WHERE s.study = ?1 AND s.image_set = m.id AND m.state = 0 ORDER BY m.id LIMIT ?2";
    TRY(db::Query query, tx_.prepare(kSql));
    query.bind(study, kEditedImageSetsMax + 1);
    std::vector<EditTarget> targets;
    for (;;) {
        TRY(const bool more, query.next());
        if (!more) break;
        targets.push_back(read_target(query));
    }
    if (targets.size() > kEditedImageSetsMax) {
        return fail(
            ErrorCode::LimitExceeded,
            "one edit changes at most " + std::to_string(kEditedImageSetsMax) + " image sets");
    }
    return targets;
}

Result<std::vector<std::string>> Editor::studies_of(std::string_view patient_id,
                                                    const std::optional<std::string>& issuer) {
    TRY(db::Query query,
        tx_.prepare("SELECT study_instance_uid, issuer_of_patient_id FROM studies"
                    " WHERE patient_id = ?1 AND patient_id <> '' AND number_of_instances > 0"
                    " ORDER BY study_instance_uid LIMIT ?2"));
    query.bind(patient_id, kEditedImageSetsMax + 1);
    std::vector<std::string> studies;
    std::optional<std::string> known = issuer;
    for (;;) {
        TRY(const bool more, query.next());
        if (!more) return studies;
        if (issuer && query.text(1) != *issuer) continue;
        if (known && query.text(1) != *known) {
            return fail(ErrorCode::Conflict,
                        "several issuers have this Patient ID: name one of them");
        }
        known = query.string(1);
        studies.push_back(query.string(0));
    }
}

Result<void> Editor::check_version(const EditTarget& target,
                                   std::optional<std::int64_t> known) const {
    if (!known) return {};
    const ImageSet& set = target.image_set;
    // What the same commit group did before makes the next version, too.
    const std::int64_t latest =
        set.latest_version + (impl_.changes.is_changed(number_of(set.row)) ? 1 : 0);
    if (*known == latest) return {};
    return fail(ErrorCode::Conflict, "the latest version of the image set is " +
                                         std::to_string(latest) + ", not " +
                                         std::to_string(*known));
}

Result<void> Editor::check_series(const EditTarget& target,
                                  const edits::UpdateDocument& document) {
    if (document.series_instance_uid.empty() ||
        document.series_instance_uid == target.series_instance_uid) {
        return {};
    }
    return fail(ErrorCode::InvalidInput, "the series of the image set is " +
                                             target.series_instance_uid + ", not " +
                                             document.series_instance_uid);
}

Result<edits::Changes> Editor::changes_now(EditScope scope) const {
    return load_changes(tx_, scope, std::numeric_limits<std::int64_t>::max());
}

Result<void> Editor::keep_columns(EditScope scope, std::string_view json) {
    TRY(const auto kept, load_columns(tx_, scope));
    return kept ? Result<void>() : store_columns(tx_, scope, json);
}

Result<void> Editor::keep_columns(const EditTarget& target) {
    const EditScope scope{number_of(target.image_set.row), 0};
    TRY(const auto kept, load_columns(tx_, scope));
    if (kept) return {};
    TRY(const StoredStudy study, load_study(tx_, number_of(target.image_set.study)));
    TRY(const StoredSeries series, load_series(tx_, number_of(target.image_set.series)));
    return store_columns(tx_, scope, columns_json(study.patient, study.study, series.series));
}

Result<Editor::Edited> Editor::edit(const EditTarget& target, const EditRequest& request) {
    const ImageSet& set = target.image_set;
    if (set.is_primary) TRY_VOID(keep_columns(target));
    const std::int64_t version =
        impl_.changes.change(tx_, as_changed(target),
                             {.rows = 0,
                              .shown = 0,
                              .active = std::nullopt,
                              .cause = request.revert_to ? "revert" : "edit",
                              .forced = request.force == edits::Force::Yes});
    impl_.forget_series(tx_, target.study_instance_uid, target.series_instance_uid);
    Edited edited;
    if (request.revert_to) {
        TRY(edited.of_study, revert(target, *request.revert_to, version));
    } else {
        TRY(edited.of_study, update(target, request, version));
    }
    TRY_VOID(tx_.run_later("UPDATE image_sets SET edited_version = ?2 WHERE id = ?1",
                           number_of(set.row), version));
    edited.image_set = target;
    edited.image_set.image_set.latest_version = version;
    edited.image_set.image_set.workflow_status = "UPDATED";
    edited.image_set.image_set.updated = Time(std::chrono::microseconds(impl_.now_us()));
    return edited;
}

Result<std::vector<PlacedImageSet>> Editor::edit_all(const std::vector<EditTarget>& targets,
                                                     const EditRequest& request) {
    std::vector<PlacedImageSet> edited;
    edited.reserve(targets.size());
    for (const EditTarget& target : targets) {
        TRY(auto one, edit(target, request));
        edited.push_back(std::move(one.image_set));
    }
    TRY_VOID(write_study(targets.front()));
    return edited;
}

Result<bool> Editor::update(const EditTarget& target, const EditRequest& request,
                            std::int64_t version) {
    const std::int64_t image_set = number_of(target.image_set.row);
    const Time now = Time(std::chrono::microseconds(impl_.now_us()));
    std::map<std::string, edits::Changes> by_instance;  // empty UID: all
    for (const edits::Update& update : request.document.updates) {
        edits::Change change = update.change;
        change.version = version;
        change.time = now;
        by_instance[update.sop_instance_uid].push_back(std::move(change));
    }
    for (const auto& [uid, made] : by_instance) {
        EditScope scope{image_set, 0};
        if (!uid.empty()) {
            TRY(db::Query query,
                tx_.prepare("SELECT id, instance_number FROM instances"
                            " WHERE sop_instance_uid = ?1 AND image_set = ?2"));
            query.bind(uid, image_set);
            TRY(const bool found, query.next());
            if (!found) {
                return fail(ErrorCode::NotFound,
                            "there is no instance " + uid + " in the image set");
            }
            scope.instance = query.int64(0);
            InstanceAttributes attributes;
            attributes.instance_number = query.optional_int64(1);
            TRY_VOID(keep_columns(scope, columns_json(attributes)));
        }
        TRY(edits::Changes changes, changes_now(scope));
        for (const edits::Change& change : made) edits::add_change(changes, change);
        TRY_VOID(store_changes(tx_, scope, version, changes));
        TRY_VOID(write_columns(target, scope, made, changes));
    }
    const auto of_all = by_instance.find("");
    return of_all != by_instance.end() && touch_study(of_all->second);
}

Result<bool> Editor::revert(const EditTarget& target, std::int64_t to, std::int64_t version) {
    const std::int64_t image_set = number_of(target.image_set.row);
    if (to < 1 || to >= version) {
        return fail(ErrorCode::InvalidInput, "the image set has versions 1 to " +
                                                 std::to_string(version - 1) + ", not " +
                                                 std::to_string(to));
    }
    bool of_study = false;
    TRY(const auto instances, edited_since(tx_, image_set, to));
    for (const std::int64_t instance : instances) {
        const EditScope scope{image_set, instance};
        TRY(const edits::Changes before, changes_now(scope));
        TRY(const edits::Changes then, load_changes(tx_, scope, to));
        TRY_VOID(store_changes(tx_, scope, version, then));
        edits::Changes touched = before;
        touched.insert(touched.end(), then.begin(), then.end());
        // What both have alike is not changed by going back.
        std::erase_if(touched, [&](const edits::Change& one) {
            return std::ranges::count(before, one) > 0 && std::ranges::count(then, one) > 0;
        });
        of_study = of_study || (instance == 0 && touch_study(touched));
        TRY_VOID(write_columns(target, scope, touched, then));
    }
    return of_study;
}

Result<void> Editor::write_columns(const EditTarget& target, EditScope scope,
                                   const edits::Changes& touched, const edits::Changes& now) {
    if (scope.instance == 0) {
        // Columns of a series are those of its primary image set.
        const bool shown = target.image_set.is_primary && touch_series_columns(touched);
        return shown ? write_series(target, now) : Result<void>();
    }
    return touch_instance_columns(touched) ? write_instance(scope, now) : Result<void>();
}

Result<void> Editor::write_instance(EditScope scope, const edits::Changes& now) {
    TRY(const auto columns, load_columns(tx_, scope));
    TRY(const InstanceRecord record, edited_columns(columns.value_or("{}"), now));
    return tx_.run_later("UPDATE instances SET instance_number = ?2 WHERE id = ?1",
                         scope.instance, record.instance.instance_number);
}

Result<void> Editor::write_series(const EditTarget& of) {
    TRY(const edits::Changes changes, changes_now({number_of(of.image_set.row), 0}));
    return write_series(of, changes);
}

Result<void> Editor::write_series(const EditTarget& target, const edits::Changes& now) {
    const std::int64_t row = number_of(target.image_set.series);
    TRY(const auto columns, load_columns(tx_, {number_of(target.image_set.row), 0}));
    TRY(const InstanceRecord record, edited_columns(columns.value_or("{}"), now));
    const SeriesAttributes& series = record.series;
    const std::string series_date = plain_date(series.series_date);
    const std::string start_date = plain_date(series.performed_procedure_step_start_date);
    const std::string key = time_key(series.performed_procedure_step_start_time);
    const RequestAttributes first =
        series.requests.empty() ? RequestAttributes{} : series.requests.front();
    TRY_VOID(
        tx_.run_later("UPDATE series SET modality = ?2, series_number = ?3,"
                      " series_description = ?4, series_date = ?5, body_part_examined = ?6,"
                      " laterality = ?7, pps_start_date = ?8, pps_start_time = ?9,"
                      " pps_start_time_key = ?10, scheduled_procedure_step_id = ?11,"
                      " requested_procedure_id = ?12 WHERE id = ?1",
                      row, series.modality, series.series_number, series.series_description,
                      series_date, series.body_part_examined, series.laterality, start_date,
                      series.performed_procedure_step_start_time, key,
                      first.scheduled_procedure_step_id, first.requested_procedure_id));
    TRY_VOID(tx_.run_later("DELETE FROM series_requests WHERE series = ?1", row));
    return impl_.insert_requests(tx_, row, series.requests);
}

Result<void> Editor::write_study(const EditTarget& of) {
    const EditScope scope{number_of(of.image_set.row), 0};
    const std::int64_t row = number_of(of.image_set.study);
    TRY(const auto columns, load_columns(tx_, scope));
    TRY(const edits::Changes changes, changes_now(scope));
    TRY(InstanceRecord record, edited_columns(columns.value_or("{}"), changes));
    record.study.study_instance_uid = of.study_instance_uid;
    TRY(const StoredStudy before, load_study(tx_, row));
    const PatientAttributes& patient = record.patient;
    const StudyAttributes& study = record.study;
    if (patient.patient_id != before.patient.patient_id ||
        patient.issuer_of_patient_id != before.patient.issuer_of_patient_id) {
        TRY_VOID(move_patient(of, record));
    }
    const std::string study_date = plain_date(study.study_date);
    const std::string key = time_key(study.study_time);
    const std::string physician = fold_name(study.referring_physician_name);
    const std::string name = fold_name(patient.patient_name);
    const std::string birth_date = plain_date(patient.patient_birth_date);
    TRY_VOID(
        tx_.run_later("UPDATE studies SET study_date = ?2, study_time = ?3,"
                      " study_time_key = ?4, accession_number = ?5,"
                      " referring_physician_name = ?6, referring_physician_name_folded = ?7,"
                      " study_id = ?8, study_description = ?9, patient_id = ?10,"
                      " issuer_of_patient_id = ?11, patient_name = ?12,"
                      " patient_name_folded = ?13, patient_birth_date = ?14,"
                      " patient_sex = ?15 WHERE id = ?1",
                      row, study_date, study.study_time, key, study.accession_number,
                      study.referring_physician_name, physician, study.study_id,
                      study.study_description, patient.patient_id, patient.issuer_of_patient_id,
                      patient.patient_name, name, birth_date, patient.patient_sex));
    if (patient.patient_name == before.patient.patient_name &&
        study.referring_physician_name == before.study.referring_physician_name) {
        return {};
    }
    TRY_VOID(tx_.run_later("DELETE FROM person_name_words WHERE study = ?1", row));
    TRY_VOID(tx_.run_later("DELETE FROM person_name_groups WHERE study = ?1", row));
    return insert_name_words(tx_, row, patient.patient_name, study.referring_physician_name);
}

Result<void> Editor::move_patient(const EditTarget& of, const InstanceRecord& now) {
    const std::int64_t row = number_of(of.image_set.study);
    // Whose an import takes the study for, it remembers by series.
    TRY(const auto targets, primary_sets(row));
    for (const EditTarget& one : targets) {
        impl_.forget_series(tx_, one.study_instance_uid, one.series_instance_uid);
    }
    TRY(const std::int64_t patient, impl_.patient_of(tx_, now));
    std::int64_t before = 0;
    {
        TRY(db::Query query, tx_.prepare("SELECT patient FROM studies WHERE id = ?1"));
        query.bind(row);
        TRY_VOID(query.next());
        before = query.int64(0);
    }
    TRY_VOID(tx_.run("UPDATE studies SET patient = ?2 WHERE id = ?1", row, patient));
    TRY_VOID(
        tx_.run("DELETE FROM patients WHERE id = ?1"
                " AND NOT EXISTS (SELECT 1 FROM studies WHERE patient = ?1)",
                before));
    return {};
}

}  // namespace larmor::catalog

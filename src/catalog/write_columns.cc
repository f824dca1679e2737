#include "catalog/edit_columns.h"
#include "catalog/editor.h"
#include "catalog/folding.h"
#include "catalog/name_words.h"
#include "catalog/read_rows.h"
#include "dicom/tags.h"

namespace larmor::catalog {

// The part of Editor by which the catalog's columns follow what was edited.

namespace {

namespace tags = dicom::tags;

Editor::SeriesColumns columns_of(const edits::Changes& touched) {
    Editor::SeriesColumns columns{
        .plain = false, .modality = false, .start = false, .requests = false};
    for (const edits::Change& change : touched) {
        const dicom::Tag tag = change.path.outermost();
        if (tag == tags::Modality) {
            columns.modality = true;
        } else if (tag == tags::PerformedProcedureStepStartDate ||
                   tag == tags::PerformedProcedureStepStartTime) {
            columns.start = true;
        } else if (tag == tags::RequestAttributesSequence) {
            columns.requests = true;
        } else {
            columns.plain = true;
        }
    }
    return columns;
}

}  // namespace

Result<void> Editor::write_columns(const EditTarget& target, const Scoped& changed) {
    if (changed.scope.instance == 0) {
        // Columns of a series are those of its primary image set.
        const bool shown = target.image_set.is_primary && touch_series_columns(changed.touched);
        return shown ? write_series(target, changed.now, columns_of(changed.touched))
                     : Result<void>();
    }
    return touch_instance_columns(changed.touched) ? write_instance(changed.scope, changed.now)
                                                   : Result<void>();
}

Result<void> Editor::write_instance(EditScope scope, const edits::Changes& now) {
    TRY(const auto columns, load_columns(tx_, scope));
    TRY(const InstanceRecord record, edited_columns(columns.value_or("{}"), now));
    return tx_.run_later("UPDATE instances SET instance_number = ?2 WHERE id = ?1",
                         scope.instance, record.instance.instance_number);
}

Result<void> Editor::write_series(const EditTarget& of) {
    TRY(const edits::Changes changes, changes_now({number_of(of.image_set.row), 0}));
    return write_series(of, changes, {});
}

Result<void> Editor::write_series(const EditTarget& target, const edits::Changes& now,
                                  const SeriesColumns& touched) {
    const std::int64_t row = number_of(target.image_set.series);
    TRY(const auto columns, load_columns(tx_, {number_of(target.image_set.row), 0}));
    TRY(const InstanceRecord record, edited_columns(columns.value_or("{}"), now));
    const SeriesAttributes& series = record.series;
    if (touched.plain) {
        const std::string series_date = plain_date(series.series_date);
        TRY_VOID(
            tx_.run_later("UPDATE series SET series_number = ?2, series_description = ?3,"
                          " series_date = ?4, body_part_examined = ?5, laterality = ?6"
                          " WHERE id = ?1",
                          row, series.series_number, series.series_description, series_date,
                          series.body_part_examined, series.laterality));
    }
    if (touched.modality) {
        TRY_VOID(tx_.run_later("UPDATE series SET modality = ?2 WHERE id = ?1", row,
                               series.modality));
    }
    if (touched.start) {
        const std::string start_date = plain_date(series.performed_procedure_step_start_date);
        const std::string key = time_key(series.performed_procedure_step_start_time);
        TRY_VOID(
            tx_.run_later("UPDATE series SET pps_start_date = ?2, pps_start_time = ?3,"
                          " pps_start_time_key = ?4 WHERE id = ?1",
                          row, start_date, series.performed_procedure_step_start_time, key));
    }
    if (!touched.requests) return {};
    const RequestAttributes first =
        series.requests.empty() ? RequestAttributes{} : series.requests.front();
    TRY_VOID(
        tx_.run_later("UPDATE series SET scheduled_procedure_step_id = ?2,"
                      " requested_procedure_id = ?3 WHERE id = ?1",
                      row, first.scheduled_procedure_step_id, first.requested_procedure_id));
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
    record.study.timezone_offset_from_utc = before.study.timezone_offset_from_utc;
    const PatientAttributes& patient = record.patient;
    const StudyAttributes& study = record.study;
    if (patient.patient_id != before.patient.patient_id ||
        patient.issuer_of_patient_id != before.patient.issuer_of_patient_id) {
        TRY_VOID(move_patient(of, record));
    }
    if (patient == before.patient && study == before.study) return {};
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

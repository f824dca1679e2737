#include "catalog/attribute_value.h"

namespace larmor::catalog {
namespace {

std::string text_of(std::optional<std::int64_t> number) {
    return number ? std::to_string(*number) : std::string();
}

std::string text_of(const std::vector<std::string>& values) {
    std::string text;
    for (const auto& value : values) text.append(text.empty() ? "" : "\\").append(value);
    return text;
}

std::string of_study(Attribute attribute, const StoredStudy& row) {
    switch (attribute) {
        case Attribute::StudyDate:
            return row.study.study_date;
        case Attribute::StudyTime:
            return row.study.study_time;
        case Attribute::AccessionNumber:
            return row.study.accession_number;
        case Attribute::ModalitiesInStudy:
            return text_of(row.modalities_in_study);
        case Attribute::ReferringPhysicianName:
            return row.study.referring_physician_name;
        case Attribute::StudyDescription:
            return row.study.study_description;
        case Attribute::PatientName:
            return row.patient.patient_name;
        case Attribute::PatientID:
            return row.patient.patient_id;
        case Attribute::IssuerOfPatientID:
            return row.patient.issuer_of_patient_id;
        case Attribute::PatientBirthDate:
            return row.patient.patient_birth_date;
        case Attribute::PatientSex:
            return row.patient.patient_sex;
        case Attribute::StudyInstanceUID:
            return row.study.study_instance_uid;
        case Attribute::StudyID:
            return row.study.study_id;
        case Attribute::NumberOfStudyRelatedSeries:
            return text_of(row.number_of_study_related_series);
        case Attribute::NumberOfStudyRelatedInstances:
            return text_of(row.number_of_study_related_instances);
        default:
            return {};
    }
}

std::string of_series(Attribute attribute, const StoredSeries& row) {
    switch (attribute) {
        case Attribute::Modality:
            return row.series.modality;
        case Attribute::SeriesDescription:
            return row.series.series_description;
        case Attribute::BodyPartExamined:
            return row.series.body_part_examined;
        case Attribute::Laterality:
            return row.series.laterality;
        case Attribute::SeriesInstanceUID:
            return row.series.series_instance_uid;
        case Attribute::SeriesNumber:
            return text_of(row.series.series_number);
        case Attribute::SeriesDate:
            return row.series.series_date;
        case Attribute::PerformedProcedureStepStartDate:
            return row.series.performed_procedure_step_start_date;
        case Attribute::PerformedProcedureStepStartTime:
            return row.series.performed_procedure_step_start_time;
        case Attribute::NumberOfSeriesRelatedInstances:
            return text_of(row.number_of_series_related_instances);
        default:
            return {};
    }
}

std::string of_instance(Attribute attribute, const InstanceAttributes& row) {
    switch (attribute) {
        case Attribute::SOPClassUID:
            return row.sop_class_uid;
        case Attribute::SOPInstanceUID:
            return row.sop_instance_uid;
        case Attribute::InstanceNumber:
            return text_of(row.instance_number);
        case Attribute::NumberOfFrames:
            return text_of(row.number_of_frames);
        case Attribute::Rows:
            return text_of(row.rows);
        case Attribute::Columns:
            return text_of(row.columns);
        case Attribute::BitsAllocated:
            return text_of(row.bits_allocated);
        default:
            return {};
    }
}

}  // namespace

std::optional<std::string> value_of(Attribute attribute, const ResultRow& row) {
    switch (info_of(attribute).level) {
        case Level::Study:
            if (row.study != nullptr) return of_study(attribute, *row.study);
            break;
        case Level::Series:
            if (row.series != nullptr) return of_series(attribute, *row.series);
            break;
        case Level::Instance:
            if (row.instance != nullptr) {
                return of_instance(attribute, row.instance->attributes);
            }
            break;
    }
    return std::nullopt;
}

}  // namespace larmor::catalog

#include "index/row_values.h"

#include <algorithm>

#include "dicom/tags.h"

namespace larmor::index {
namespace {

namespace tags = dicom::tags;

class Row {
public:
    Row(const Wanted& wanted, Level level, Values& values)
        : tags_(wanted.at(level)), values_(values) {
        values_.resize(tags_.size());
    }
    void put(dicom::Tag tag, const std::string& text) {
        const auto at = std::ranges::lower_bound(tags_, tag);
        if (at == tags_.end() || *at != tag) return;
        auto& value = values_[static_cast<std::size_t>(at - tags_.begin())];
        value = text.empty() ? std::nullopt : std::optional(text);
    }
    void put(dicom::Tag tag, const std::optional<std::int64_t>& number) {
        put(tag, number ? std::to_string(*number) : std::string());
    }

private:
    const std::vector<dicom::Tag>& tags_;
    Values& values_;
};

}  // namespace

void put_row_values(const catalog::PatientAttributes& row, const Wanted& wanted,
                    Values& patient) {
    Row out(wanted, Level::Patient, patient);
    out.put(tags::PatientID, row.patient_id);
    out.put(tags::IssuerOfPatientID, row.issuer_of_patient_id);
    out.put(tags::PatientName, row.patient_name);
    out.put(tags::PatientBirthDate, row.patient_birth_date);
    out.put(tags::PatientSex, row.patient_sex);
}

void put_row_values(const catalog::StudyAttributes& row, const Wanted& wanted, Values& study) {
    Row out(wanted, Level::Study, study);
    out.put(tags::StudyInstanceUID, row.study_instance_uid);
    out.put(tags::StudyDate, row.study_date);
    out.put(tags::StudyTime, row.study_time);
    out.put(tags::AccessionNumber, row.accession_number);
    out.put(tags::ReferringPhysicianName, row.referring_physician_name);
    out.put(tags::StudyID, row.study_id);
    out.put(tags::StudyDescription, row.study_description);
    out.put(tags::TimezoneOffsetFromUTC, row.timezone_offset_from_utc);
}

void put_row_values(const catalog::SeriesAttributes& row, const Wanted& wanted,
                    Values& series) {
    Row out(wanted, Level::Series, series);
    out.put(tags::SeriesInstanceUID, row.series_instance_uid);
    out.put(tags::Modality, row.modality);
    out.put(tags::SeriesNumber, row.series_number);
    out.put(tags::SeriesDescription, row.series_description);
    out.put(tags::SeriesDate, row.series_date);
    out.put(tags::BodyPartExamined, row.body_part_examined);
    out.put(tags::Laterality, row.laterality);
    out.put(tags::PerformedProcedureStepStartDate, row.performed_procedure_step_start_date);
    out.put(tags::PerformedProcedureStepStartTime, row.performed_procedure_step_start_time);
}

}  // namespace larmor::index

#include "catalog/read_record.h"

#include "dicom/tags.h"

namespace larmor::catalog {
namespace {

namespace tags = dicom::tags;

constexpr std::size_t kColumnMaxBytes = 1024;

std::string for_column(std::string text) {
    if (text.size() <= kColumnMaxBytes) return text;
    std::size_t end = kColumnMaxBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
    return text;
}

constexpr std::size_t kRequestsMax = 32;

class Columns {
public:
    explicit Columns(const dicom::Attributes& attributes) : attributes_(attributes) {}
    std::string operator()(dicom::Tag tag) const { return for_column(attributes_.text(tag)); }
    /// All values of a multi-valued element, as they are stored, parted by backslashes.
    std::optional<std::int64_t> number(dicom::Tag tag) const {
        return attributes_.integer(tag);
    }

private:
    const dicom::Attributes& attributes_;
};

void fill(const dicom::Attributes& attributes, InstanceRecord& record) {
    const Columns column(attributes);
    record.instance.sop_class_uid = column(tags::SOPClassUID);
    record.instance.sop_instance_uid = column(tags::SOPInstanceUID);
    record.instance.instance_number = column.number(tags::InstanceNumber);
    record.instance.number_of_frames = column.number(tags::NumberOfFrames);
    record.instance.rows = column.number(tags::Rows);
    record.instance.columns = column.number(tags::Columns);
    record.instance.bits_allocated = column.number(tags::BitsAllocated);

    record.patient.patient_id = column(tags::PatientID);
    record.patient.issuer_of_patient_id = column(tags::IssuerOfPatientID);
    record.patient.patient_name = column(tags::PatientName);
    record.patient.patient_birth_date = column(tags::PatientBirthDate);
    record.patient.patient_sex = column(tags::PatientSex);

    record.study.study_instance_uid = column(tags::StudyInstanceUID);
    record.study.study_date = column(tags::StudyDate);
    record.study.study_time = column(tags::StudyTime);
    record.study.accession_number = column(tags::AccessionNumber);
    record.study.referring_physician_name = column(tags::ReferringPhysicianName);
    record.study.study_id = column(tags::StudyID);
    record.study.study_description = column(tags::StudyDescription);
    record.study.timezone_offset_from_utc = column(tags::TimezoneOffsetFromUTC);

    record.series.series_instance_uid = column(tags::SeriesInstanceUID);
    record.series.modality = column(tags::Modality);
    record.series.series_number = column.number(tags::SeriesNumber);
    record.series.series_description = column(tags::SeriesDescription);
    record.series.series_date = column(tags::SeriesDate);
    record.series.body_part_examined = column(tags::BodyPartExamined);
    record.series.laterality = column(tags::Laterality);
    record.series.performed_procedure_step_start_date =
        column(tags::PerformedProcedureStepStartDate);
    record.series.performed_procedure_step_start_time =
        column(tags::PerformedProcedureStepStartTime);
}

Result<void> fill_request(const dicom::Attributes& attributes, SeriesAttributes& series) {
    if (attributes.find(tags::RequestAttributesSequence) == nullptr) return {};
    TRY(const std::vector<dicom::Attributes> items,
        attributes.items(tags::RequestAttributesSequence));
    for (const dicom::Attributes& item : items) {
        // A series for more orders than that is none; its metadata has all of them.
        if (series.requests.size() == kRequestsMax) break;
        const Columns column(item);
        RequestAttributes request{
            .scheduled_procedure_step_id = column(tags::ScheduledProcedureStepID),
            .requested_procedure_id = column(tags::RequestedProcedureID)};
        if (request != RequestAttributes{}) series.requests.push_back(std::move(request));
    }
    return {};
}

}  // namespace

Result<void> read_record(const dicom::Attributes& attributes, InstanceRecord& record) {
    fill(attributes, record);
    return fill_request(attributes, record.series);
}

}  // namespace larmor::catalog

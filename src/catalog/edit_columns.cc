#include "catalog/edit_columns.h"

#include <algorithm>
#include <array>

#include "base/json_text.h"
#include "catalog/read_record.h"
#include "dicom/json_read.h"
#include "dicom/tags.h"
#include "edits/apply_json.h"
#include "edits/rules.h"

namespace larmor::catalog {
namespace {

namespace tags = dicom::tags;

constexpr std::array kStudyColumns = {
    tags::PatientID,        tags::IssuerOfPatientID, tags::PatientName,
    tags::PatientBirthDate, tags::PatientSex,        tags::StudyDate,
    tags::StudyTime,        tags::AccessionNumber,   tags::ReferringPhysicianName,
    tags::StudyID,          tags::StudyDescription};
constexpr std::array kSeriesColumns = {tags::Modality,
                                       tags::SeriesNumber,
                                       tags::SeriesDescription,
                                       tags::SeriesDate,
                                       tags::BodyPartExamined,
                                       tags::Laterality,
                                       tags::PerformedProcedureStepStartDate,
                                       tags::PerformedProcedureStepStartTime,
                                       tags::RequestAttributesSequence};
constexpr std::array kInstanceColumns = {tags::InstanceNumber};

class ColumnsJson {
public:
    void text(dicom::Tag tag, std::string_view vr, std::string_view value) {
        if (value.empty()) return;
        start(tag, vr);
        append_json_string(json_, value);
        json_ += "]}";
    }
    void number(dicom::Tag tag, std::optional<std::int64_t> value) {
        if (!value) return;
        start(tag, "IS");
        json_ += std::to_string(*value) + "]}";
    }
    void requests(const std::vector<RequestAttributes>& requests) {
        if (requests.empty()) return;
        start(tags::RequestAttributesSequence, "SQ");
        for (const RequestAttributes& request : requests) {
            if (json_.back() != '[') json_ += ',';
            ColumnsJson item;
            item.text(tags::ScheduledProcedureStepID, "SH",
                      request.scheduled_procedure_step_id);
            item.text(tags::RequestedProcedureID, "SH", request.requested_procedure_id);
            json_ += std::move(item).take();
        }
        json_ += "]}";
    }
    std::string take() && { return std::move(json_) + '}'; }

private:
    void start(dicom::Tag tag, std::string_view vr) {
        if (json_.size() > 1) json_ += ',';
        json_ += '"' + dicom::to_json_key(tag) + R"(":{"vr":")";
        json_ += vr;
        json_ += R"(","Value":[)";
    }
    std::string json_ = "{";
};

template <typename Tags>
bool touch(const edits::Changes& changes, const Tags& columns) {
    return std::ranges::any_of(changes, [&](const edits::Change& change) {
        return std::ranges::find(columns, change.path.outermost()) != columns.end();
    });
}

}  // namespace

std::string columns_json(const PatientAttributes& patient, const StudyAttributes& study,
                         const SeriesAttributes& series) {
    ColumnsJson json;
    json.text(tags::StudyDate, "DA", study.study_date);
    json.text(tags::SeriesDate, "DA", series.series_date);
    json.text(tags::StudyTime, "TM", study.study_time);
    json.text(tags::AccessionNumber, "SH", study.accession_number);
    json.text(tags::Modality, "CS", series.modality);
    json.text(tags::ReferringPhysicianName, "PN", study.referring_physician_name);
    json.text(tags::StudyDescription, "LO", study.study_description);
    json.text(tags::SeriesDescription, "LO", series.series_description);
    json.text(tags::PatientName, "PN", patient.patient_name);
    json.text(tags::PatientID, "LO", patient.patient_id);
    json.text(tags::IssuerOfPatientID, "LO", patient.issuer_of_patient_id);
    json.text(tags::PatientBirthDate, "DA", patient.patient_birth_date);
    json.text(tags::PatientSex, "CS", patient.patient_sex);
    json.text(tags::BodyPartExamined, "CS", series.body_part_examined);
    json.text(tags::StudyID, "SH", study.study_id);
    json.number(tags::SeriesNumber, series.series_number);
    json.text(tags::Laterality, "CS", series.laterality);
    json.text(tags::PerformedProcedureStepStartDate, "DA",
              series.performed_procedure_step_start_date);
    json.text(tags::PerformedProcedureStepStartTime, "TM",
              series.performed_procedure_step_start_time);
    json.requests(series.requests);
    return std::move(json).take();
}

std::string columns_json(const InstanceAttributes& instance) {
    ColumnsJson json;
    json.number(tags::InstanceNumber, instance.instance_number);
    return std::move(json).take();
}

Result<InstanceRecord> edited_columns(std::string_view columns, const edits::Changes& changes) {
    edits::Changes of_columns;
    for (const edits::Change& change : changes) {
        const edits::Changes one = {change};
        if (touch_study_columns(one) || touch_series_columns(one) ||
            touch_instance_columns(one)) {
            of_columns.push_back(change);
        }
    }
    TRY(const std::string json,
        edits::apply_to_json(columns, of_columns, edits::OriginalAttributes::Leave));
    const auto data_set = dicom::read_json(json);
    if (!data_set) {
        return fail(ErrorCode::InvalidInput,
                    "an edited attribute of patient, study or series "
                    "has a value that its VR can't have");
    }
    TRY(const auto attributes, dicom::Attributes::read(*data_set, dicom::kExplicitLittle));
    InstanceRecord record;
    TRY_VOID(read_record(attributes, record));
    return record;
}

bool touch_study_columns(const edits::Changes& changes) {
    return touch(changes, kStudyColumns);
}
bool touch_series_columns(const edits::Changes& changes) {
    return touch(changes, kSeriesColumns);
}
bool touch_instance_columns(const edits::Changes& changes) {
    return touch(changes, kInstanceColumns);
}
bool touch_study(const edits::Changes& changes) {
    return std::ranges::any_of(changes, [](const edits::Change& change) {
        return edits::level_of(change.path.outermost()) == edits::Level::Study;
    });
}

}  // namespace larmor::catalog

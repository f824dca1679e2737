#include "api/dicomweb/search_json.h"

#include <algorithm>
#include <optional>

#include "base/json_text.h"
#include "dicom/tag.h"
#include "dicom/values.h"

namespace larmor::api {
namespace {

using catalog::Attribute;
using catalog::Level;

// Attributes of an answer that are no columns of the catalog.
constexpr std::uint32_t kInstanceAvailability = 0x00080056;
constexpr std::uint32_t kTimezoneOffsetFromUTC = 0x00080201;
constexpr std::uint32_t kRetrieveURL = 0x00081190;
constexpr std::uint32_t kRequestAttributesSequence = 0x00400275;
constexpr std::uint32_t kScheduledProcedureStepID = 0x00400009;
constexpr std::uint32_t kRequestedProcedureID = 0x00401001;

// PS3.18 tables 10.6.3-3, -4 and -5: there even when empty.
constexpr Attribute kUsualOfStudy[] = {
    Attribute::StudyDate,
    Attribute::StudyTime,
    Attribute::AccessionNumber,
    Attribute::ModalitiesInStudy,
    Attribute::ReferringPhysicianName,
    Attribute::PatientName,
    Attribute::PatientID,
    Attribute::PatientBirthDate,
    Attribute::PatientSex,
    Attribute::StudyInstanceUID,
    Attribute::StudyID,
    Attribute::NumberOfStudyRelatedSeries,
    Attribute::NumberOfStudyRelatedInstances,
    // Not in the table, but no list of studies does without it.
    Attribute::StudyDescription,
};
constexpr Attribute kUsualOfSeries[] = {
    Attribute::Modality,
    Attribute::SeriesDescription,
    Attribute::SeriesInstanceUID,
    Attribute::SeriesNumber,
    Attribute::NumberOfSeriesRelatedInstances,
    Attribute::PerformedProcedureStepStartDate,
    Attribute::PerformedProcedureStepStartTime,
};
constexpr Attribute kUsualOfInstance[] = {
    Attribute::SOPClassUID,    Attribute::SOPInstanceUID, Attribute::InstanceNumber,
    Attribute::Rows,           Attribute::Columns,        Attribute::BitsAllocated,
    Attribute::NumberOfFrames,
};

void append_key(std::string& out, std::uint32_t tag, std::string_view vr) {
    out += '"';
    out += dicom::to_json_key(dicom::Tag::from(tag));
    out += R"(":{"vr":")";
    out += vr;
    out += '"';
}

void append_texts(std::string& out, std::uint32_t tag, std::string_view vr,
                  const std::vector<std::string_view>& values) {
    append_key(out, tag, vr);
    if (!values.empty()) {
        out += R"(,"Value":[)";
        for (const auto value : values) {
            append_json_string(out, value);
            out += ',';
        }
        out.back() = ']';
    }
    out += '}';
}

void append_text(std::string& out, std::uint32_t tag, std::string_view vr,
                 std::string_view value) {
    append_key(out, tag, vr);
    if (!value.empty()) {
        out += R"(,"Value":[)";
        append_json_string(out, value);
        out += ']';
    }
    out += '}';
}

void append_number(std::string& out, std::uint32_t tag, std::string_view vr,
                   std::optional<std::int64_t> value) {
    append_key(out, tag, vr);
    if (value) {
        out += R"(,"Value":[)";
        out += std::to_string(*value);
        out += ']';
    }
    out += '}';
}

/// Source: PS3.18 section F.2.2 (PersonName).
void append_name(std::string& out, std::uint32_t tag, std::string_view value) {
    append_key(out, tag, "PN");
    const auto name = dicom::parse_person_name(value);
    std::string groups;
    const auto add = [&](std::string_view key, std::string_view group) {
        if (!group.empty()) {
            groups += groups.empty() ? "\"" : ",\"";
            groups += key;
            groups += "\":";
            append_json_string(groups, group);
        }
    };
    add("Alphabetic", name.alphabetic);
    add("Ideographic", name.ideographic);
    add("Phonetic", name.phonetic);
    if (!groups.empty()) {
        out += R"(,"Value":[{)" + groups + "}]";
    }
    out += '}';
}

void append_request_attributes(std::string& out, const catalog::SeriesAttributes& series) {
    append_key(out, kRequestAttributesSequence, "SQ");
    std::string items;
    for (const catalog::RequestAttributes& request : series.requests) {
        items += items.empty() ? "{" : ",{";
        append_text(items, kScheduledProcedureStepID, "SH",
                    request.scheduled_procedure_step_id);
        items += ',';
        append_text(items, kRequestedProcedureID, "SH", request.requested_procedure_id);
        items += '}';
    }
    if (!items.empty()) {
        out += R"(,"Value":[)" + items + ']';
    }
    out += '}';
}

}  // namespace

struct SearchJson::Column {
    std::uint32_t tag;
    std::optional<Attribute> attribute;  ///< nothing for the computed ones
};

struct SearchJson::Row {
    const catalog::StoredStudy* study = nullptr;
    const catalog::StoredSeries* series = nullptr;
    const catalog::StoredInstance* instance = nullptr;

    /// The text of an attribute, or nothing where it is a number (see `number`).
    std::optional<std::string_view> text(Attribute attribute) const;
    std::optional<std::int64_t> number(Attribute attribute) const;
    void append_url(std::string& url) const;
};

std::optional<std::string_view> SearchJson::Row::text(Attribute attribute) const {
    switch (attribute) {
        case Attribute::StudyDate:
            return study->study.study_date;
        case Attribute::StudyTime:
            return study->study.study_time;
        case Attribute::AccessionNumber:
            return study->study.accession_number;
        case Attribute::ReferringPhysicianName:
            return study->study.referring_physician_name;
        case Attribute::StudyDescription:
            return study->study.study_description;
        case Attribute::PatientName:
            return study->patient.patient_name;
        case Attribute::PatientID:
            return study->patient.patient_id;
        case Attribute::IssuerOfPatientID:
            return study->patient.issuer_of_patient_id;
        case Attribute::PatientBirthDate:
            return study->patient.patient_birth_date;
        case Attribute::PatientSex:
            return study->patient.patient_sex;
        case Attribute::StudyInstanceUID:
            return study->study.study_instance_uid;
        case Attribute::StudyID:
            return study->study.study_id;
        case Attribute::Modality:
            return series->series.modality;
        case Attribute::SeriesDescription:
            return series->series.series_description;
        case Attribute::BodyPartExamined:
            return series->series.body_part_examined;
        case Attribute::Laterality:
            return series->series.laterality;
        case Attribute::SeriesInstanceUID:
            return series->series.series_instance_uid;
        case Attribute::SeriesDate:
            return series->series.series_date;
        case Attribute::PerformedProcedureStepStartDate:
            return series->series.performed_procedure_step_start_date;
        case Attribute::PerformedProcedureStepStartTime:
            return series->series.performed_procedure_step_start_time;
        case Attribute::SOPClassUID:
            return instance->attributes.sop_class_uid;
        case Attribute::SOPInstanceUID:
            return instance->attributes.sop_instance_uid;
        default:
            return std::nullopt;
    }
}

std::optional<std::int64_t> SearchJson::Row::number(Attribute attribute) const {
    switch (attribute) {
        case Attribute::NumberOfStudyRelatedSeries:
            return study->number_of_study_related_series;
        case Attribute::NumberOfStudyRelatedInstances:
            return study->number_of_study_related_instances;
        case Attribute::SeriesNumber:
            return series->series.series_number;
        case Attribute::NumberOfSeriesRelatedInstances:
            return series->number_of_series_related_instances;
        case Attribute::InstanceNumber:
            return instance->attributes.instance_number;
        case Attribute::NumberOfFrames:
            return instance->attributes.number_of_frames;
        case Attribute::Rows:
            return instance->attributes.rows;
        case Attribute::Columns:
            return instance->attributes.columns;
        case Attribute::BitsAllocated:
            return instance->attributes.bits_allocated;
        default:
            return std::nullopt;
    }
}

void SearchJson::Row::append_url(std::string& url) const {
    url += "/studies/" + study->study.study_instance_uid;
    if (series != nullptr) {
        url += "/series/" + series->series.series_instance_uid;
    }
    if (instance != nullptr) {
        url += "/instances/" + instance->attributes.sop_instance_uid;
    }
}

SearchJson::SearchJson(const SearchScope& scope, const SearchRequest& request, std::string base)
    : scope_(scope), base_(std::move(base)) {
    const auto add = [this](std::uint32_t tag, std::optional<Attribute> attribute) {
        if (std::ranges::find(columns_, tag, &Column::tag) == columns_.end()) {
            columns_.push_back({tag, attribute});
        }
    };
    const auto add_attribute = [&](Attribute attribute) {
        const auto& info = catalog::info_of(attribute);
        if (info.level > scope_.level) {
            return;
        }
        if (info.sequence_tag != 0) {
            add(info.sequence_tag, std::nullopt);
        } else {
            add(info.tag, attribute);
        }
    };
    add(kRetrieveURL, std::nullopt);
    add(kTimezoneOffsetFromUTC, std::nullopt);
    add_attribute(Attribute::StudyInstanceUID);
    add_attribute(Attribute::SeriesInstanceUID);
    if (!scope.within_study || request.include_all) {
        std::ranges::for_each(kUsualOfStudy, add_attribute);
    }
    if (scope.level >= Level::Series &&
        (!scope.within_series || scope.level == Level::Series || request.include_all)) {
        std::ranges::for_each(kUsualOfSeries, add_attribute);
        add(kRequestAttributesSequence, std::nullopt);
    }
    if (scope.level == Level::Instance) {
        std::ranges::for_each(kUsualOfInstance, add_attribute);
    }
    if (scope.level != Level::Series) {
        add(kInstanceAvailability, std::nullopt);
    }
    std::ranges::for_each(request.include, add_attribute);
    if (request.include_all) {
        for (const catalog::AttributeInfo& info : catalog::attributes()) {
            add_attribute(info.attribute);
        }
    }
    std::ranges::sort(columns_, {}, &Column::tag);
}

SearchJson::~SearchJson() = default;

/// False where the column is left out of this row.
bool SearchJson::append_column(const Row& row, const Column& column) {
    if (column.attribute) {
        const auto& info = catalog::info_of(*column.attribute);
        const auto text = row.text(*column.attribute);
        if (*column.attribute == Attribute::ModalitiesInStudy) {
            const auto& modalities = row.study->modalities_in_study;
            append_texts(out_, column.tag, info.vr, {modalities.begin(), modalities.end()});
        } else if (info.vr == "PN") {
            append_name(out_, column.tag, text.value_or(""));
        } else if (text) {
            append_text(out_, column.tag, info.vr, *text);
        } else {
            append_number(out_, column.tag, info.vr, row.number(*column.attribute));
        }
        return true;
    }
    if (column.tag == kRetrieveURL) {
        std::string url = base_;
        row.append_url(url);
        append_text(out_, column.tag, "UR", url);
    } else if (column.tag == kInstanceAvailability) {
        append_text(out_, column.tag, "CS", "ONLINE");
    } else if (column.tag == kTimezoneOffsetFromUTC) {
        // Returned where it is known (type 1C); an empty one would say that it is UTC.
        if (row.study->study.timezone_offset_from_utc.empty()) {
            return false;
        }
        append_text(out_, column.tag, "SH", row.study->study.timezone_offset_from_utc);
    } else if (column.tag == kRequestAttributesSequence) {
        append_request_attributes(out_, row.series->series);
    }
    return true;
}

void SearchJson::add_row(const Row& row, const Fields& fields) {
    out_ += out_.size() > 1 ? ",{" : "{";
    auto field = fields.begin();
    const auto append_field = [&] {
        out_ += '"';
        out_ += dicom::to_json_key(dicom::Tag::from(field->tag));
        out_ += "\":";
        out_ += field->json;
        out_ += ',';
        ++field;
    };
    for (const Column& column : columns_) {
        while (field != fields.end() && field->tag < column.tag) {
            append_field();
        }
        if (field != fields.end() && field->tag == column.tag) {
            // The catalog has two attributes of an item only.
            if (column.tag == kRequestAttributesSequence) {
                append_field();
                continue;
            }
            ++field;
        }
        if (append_column(row, column)) {
            out_ += ',';
        }
    }
    while (field != fields.end()) {
        append_field();
    }
    out_.back() = '}';
}

void SearchJson::add(const catalog::StoredStudy& study, const Fields& fields) {
    add_row({.study = &study}, fields);
}

void SearchJson::add(const catalog::SeriesHit& hit, const Fields& fields) {
    add_row({.study = &hit.study, .series = &hit.series}, fields);
}

void SearchJson::add(const catalog::InstanceHit& hit, const Fields& fields) {
    add_row({.study = &hit.study, .series = &hit.series, .instance = &hit.instance}, fields);
}

std::string SearchJson::take() {
    out_ += ']';
    return std::move(out_);
}

}  // namespace larmor::api

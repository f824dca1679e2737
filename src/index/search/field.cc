#include "index/search/field.h"

#include <algorithm>
#include <array>

#include "base/result.h"
#include "dicom/tags.h"

namespace larmor::index::search {
namespace {

namespace tags = dicom::tags;

// Of patient and study only what the catalog has rows of, and of a series only what its own
// image set says: a document then changes with its own image set and with nothing else.
constexpr auto kFields = std::to_array<Field>({
    {"PatientID", tags::PatientID, Level::Patient, FieldKind::Code},
    {"IssuerOfPatientID", tags::IssuerOfPatientID, Level::Patient, FieldKind::Code, true},
    {"PatientName", tags::PatientName, Level::Patient, FieldKind::Name},
    {"PatientBirthDate", tags::PatientBirthDate, Level::Patient, FieldKind::Date},
    {"PatientSex", tags::PatientSex, Level::Patient, FieldKind::Code, true},
    {"StudyInstanceUID", tags::StudyInstanceUID, Level::Study, FieldKind::Code},
    {"StudyDate", tags::StudyDate, Level::Study, FieldKind::Date},
    {"StudyTime", tags::StudyTime, Level::Study, FieldKind::Time},
    {"AccessionNumber", tags::AccessionNumber, Level::Study, FieldKind::Code},
    {"ReferringPhysicianName", tags::ReferringPhysicianName, Level::Study, FieldKind::Name},
    {"StudyID", tags::StudyID, Level::Study, FieldKind::Code},
    {"StudyDescription", tags::StudyDescription, Level::Study, FieldKind::Text, true},
    {"SeriesInstanceUID", tags::SeriesInstanceUID, Level::Series, FieldKind::Code},
    {"Modality", tags::Modality, Level::Series, FieldKind::Code, true},
    {"SeriesNumber", tags::SeriesNumber, Level::Series, FieldKind::Number},
    {"SeriesDescription", tags::SeriesDescription, Level::Series, FieldKind::Text, true},
    {"SeriesDate", tags::SeriesDate, Level::Series, FieldKind::Date},
    {"BodyPartExamined", tags::BodyPartExamined, Level::Series, FieldKind::Code, true},
    {"Laterality", tags::Laterality, Level::Series, FieldKind::Code, true},
    {"ProtocolName", tags::ProtocolName, Level::Series, FieldKind::Text, true},
    {"Manufacturer", tags::Manufacturer, Level::Series, FieldKind::Text, true},
    {"ManufacturerModelName", tags::ManufacturerModelName, Level::Series, FieldKind::Text,
     true},
    {"StationName", tags::StationName, Level::Series, FieldKind::Text, true},
    {"InstitutionName", tags::InstitutionName, Level::Series, FieldKind::Text, true},
    {"SOPInstanceUID", tags::SOPInstanceUID, Level::Instance, FieldKind::Code},
    {"SOPClassUID", tags::SOPClassUID, Level::Instance, FieldKind::Code, true},
    {"InstanceNumber", tags::InstanceNumber, Level::Instance, FieldKind::Number},
    {"NumberOfFrames", tags::NumberOfFrames, Level::Instance, FieldKind::Number},
    {"Rows", tags::Rows, Level::Instance, FieldKind::Number},
    {"Columns", tags::Columns, Level::Instance, FieldKind::Number},
});
static_assert(std::ranges::is_sorted(kFields, {}, &Field::level));

/// SOP Instance UIDs are of a document, and wanted only where its instances are read.
bool is_key(const Field& field) {
    return field.tag == tags::PatientID || field.tag == tags::IssuerOfPatientID ||
           field.tag == tags::StudyInstanceUID || field.tag == tags::SeriesInstanceUID;
}

}  // namespace

std::span<const Field> fields() {
    return kFields;
}

std::span<const Field> fields_of_sets() {
    const auto first = std::ranges::lower_bound(kFields, Level::Instance, {}, &Field::level);
    return {kFields.begin(), first};
}

std::span<const Field> fields_of(Level level) {
    const auto [first, last] = std::ranges::equal_range(kFields, level, {}, &Field::level);
    return {first, last};
}

const Field* find_field(std::string_view keyword) {
    const auto* const found = std::ranges::find(kFields, keyword, &Field::keyword);
    return found == kFields.end() ? nullptr : found;
}

const Field& known_field(dicom::Tag tag) {
    const auto* const found = std::ranges::find(kFields, tag, &Field::tag);
    LARMOR_CHECK(found != kFields.end());
    return *found;
}

Wanted wanted_fields(Levels levels) {
    Wanted wanted;
    for (const Field& field : kFields) {
        if (!levels.has(field.level) && !is_key(field)) continue;
        wanted.tags[static_cast<std::size_t>(field.level)].push_back(field.tag);
    }
    for (auto& tags : wanted.tags) std::ranges::sort(tags);
    return wanted;
}

}  // namespace larmor::index::search

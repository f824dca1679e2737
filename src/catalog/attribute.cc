#include "catalog/attribute.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/result.h"

namespace larmor::catalog {
namespace {

using enum Level;
using enum Matching;
using A = Attribute;

constexpr std::uint32_t kRequestAttributes = 0x00400275;

constexpr auto kAttributes = std::to_array<AttributeInfo>({
    {A::StudyDate, "StudyDate", 0x00080020, "DA", Study, Date},
    {A::StudyTime, "StudyTime", 0x00080030, "TM", Study, Time},
    {A::AccessionNumber, "AccessionNumber", 0x00080050, "SH", Study, Text},
    {A::ModalitiesInStudy, "ModalitiesInStudy", 0x00080061, "CS", Study, Modalities},
    {A::ReferringPhysicianName, "ReferringPhysicianName", 0x00080090, "PN", Study, Name},
    {A::StudyDescription, "StudyDescription", 0x00081030, "LO", Study, Text},
    {A::PatientName, "PatientName", 0x00100010, "PN", Study, Name},
    {A::PatientID, "PatientID", 0x00100020, "LO", Study, Text},
    {A::IssuerOfPatientID, "IssuerOfPatientID", 0x00100021, "LO", Study, Text},
    {A::PatientBirthDate, "PatientBirthDate", 0x00100030, "DA", Study, Date},
    {A::PatientSex, "PatientSex", 0x00100040, "CS", Study, Text},
    {A::StudyInstanceUID, "StudyInstanceUID", 0x0020000d, "UI", Study, Uid},
    {A::StudyID, "StudyID", 0x00200010, "SH", Study, Text},
    {A::NumberOfStudyRelatedSeries, "NumberOfStudyRelatedSeries", 0x00201206, "IS", Study,
     None},
    {A::NumberOfStudyRelatedInstances, "NumberOfStudyRelatedInstances", 0x00201208, "IS", Study,
     None},

    {A::Modality, "Modality", 0x00080060, "CS", Series, Text},
    {A::SeriesDescription, "SeriesDescription", 0x0008103e, "LO", Series, Text},
    {A::BodyPartExamined, "BodyPartExamined", 0x00180015, "CS", Series, Text},
    {A::Laterality, "Laterality", 0x00200060, "CS", Series, Text},
    {A::SeriesInstanceUID, "SeriesInstanceUID", 0x0020000e, "UI", Series, Uid},
    {A::SeriesNumber, "SeriesNumber", 0x00200011, "IS", Series, Integer},
    {A::SeriesDate, "SeriesDate", 0x00080021, "DA", Series, Date},
    {A::PerformedProcedureStepStartDate, "PerformedProcedureStepStartDate", 0x00400244, "DA",
     Series, Date},
    {A::PerformedProcedureStepStartTime, "PerformedProcedureStepStartTime", 0x00400245, "TM",
     Series, Time},
    {A::ScheduledProcedureStepID, "ScheduledProcedureStepID", 0x00400009, "SH", Series, Text,
     kRequestAttributes},
    {A::RequestedProcedureID, "RequestedProcedureID", 0x00401001, "SH", Series, Text,
     kRequestAttributes},
    {A::NumberOfSeriesRelatedInstances, "NumberOfSeriesRelatedInstances", 0x00201209, "IS",
     Series, None},

    {A::SOPClassUID, "SOPClassUID", 0x00080016, "UI", Instance, Uid},
    {A::SOPInstanceUID, "SOPInstanceUID", 0x00080018, "UI", Instance, Uid},
    {A::InstanceNumber, "InstanceNumber", 0x00200013, "IS", Instance, Integer},
    {A::NumberOfFrames, "NumberOfFrames", 0x00280008, "IS", Instance, Integer},
    {A::Rows, "Rows", 0x00280010, "US", Instance, Integer},
    {A::Columns, "Columns", 0x00280011, "US", Instance, Integer},
    {A::BitsAllocated, "BitsAllocated", 0x00280100, "US", Instance, Integer},
});

constexpr bool in_order() {
    for (std::size_t i = 0; i < kAttributes.size(); ++i) {
        if (static_cast<std::size_t>(kAttributes[i].attribute) != i) return false;
    }
    return true;
}
static_assert(in_order(), "info_of takes the attribute as an index");

/// `00100010` as a number.
std::optional<std::uint32_t> parse_tag(std::string_view text) {
    std::uint32_t tag = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), tag, 16);
    const bool whole = parsed.ptr == text.data() + text.size();
    if (text.size() != 8 || parsed.ec != std::errc() || !whole) return std::nullopt;
    return tag;
}

bool names(std::string_view text, std::string_view keyword, std::uint32_t tag) {
    return text == keyword || parse_tag(text) == tag;
}

}  // namespace

std::span<const AttributeInfo> attributes() {
    return kAttributes;
}

const AttributeInfo& info_of(Attribute attribute) {
    return kAttributes[static_cast<std::size_t>(attribute)];
}

std::optional<Attribute> find_attribute(std::string_view path) {
    const auto dot = path.find('.');
    const bool nested = dot != std::string_view::npos;
    if (nested &&
        !names(path.substr(0, dot), "RequestAttributesSequence", kRequestAttributes)) {
        return std::nullopt;
    }
    const auto last = nested ? path.substr(dot + 1) : path;
    const auto found = std::ranges::find_if(kAttributes, [&](const AttributeInfo& info) {
        return (info.sequence_tag != 0) == nested && names(last, info.keyword, info.tag);
    });
    if (found == kAttributes.end()) return std::nullopt;
    return found->attribute;
}

}  // namespace larmor::catalog

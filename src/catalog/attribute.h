#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace larmor::catalog {

enum class Level : std::uint8_t { Study, Series, Instance };

/// The searchable attributes: those that PS3.18 tables 10.6.1-5, 10.6.3-3, -4 and -5 require,
/// and the descriptions that people search by. Each is a column. Patient attributes are at
/// study level.
enum class Attribute : std::uint8_t {
    StudyDate,
    StudyTime,
    AccessionNumber,
    ModalitiesInStudy,
    ReferringPhysicianName,
    StudyDescription,
    PatientName,
    PatientID,
    IssuerOfPatientID,
    PatientBirthDate,
    PatientSex,
    StudyInstanceUID,
    StudyID,
    NumberOfStudyRelatedSeries,     ///< returned, not matched
    NumberOfStudyRelatedInstances,  ///< returned, not matched

    Modality,
    SeriesDescription,
    BodyPartExamined,
    Laterality,
    SeriesInstanceUID,
    SeriesNumber,
    SeriesDate,
    PerformedProcedureStepStartDate,
    PerformedProcedureStepStartTime,
    ScheduledProcedureStepID,        ///< of RequestAttributesSequence
    RequestedProcedureID,            ///< of RequestAttributesSequence
    NumberOfSeriesRelatedInstances,  ///< returned, not matched

    SOPClassUID,
    SOPInstanceUID,
    InstanceNumber,
    NumberOfFrames,
    Rows,
    Columns,
    BitsAllocated,
};

/// How a value is matched: PS3.4 section C.2.2.2, PS3.18 section 8.3.4.
enum class Matching : std::uint8_t {
    None,        ///< returned only
    Text,        ///< exact, or by wildcard: * any characters, ? one
    Name,        ///< as Text, without regard to case
    Uid,         ///< exact, or any of a list
    Date,        ///< exact, or a range: `20260101-`, `-20260101`, `20260101-20260131`
    Time,        ///< exact, or a range; shortened values stand for all that begin so
    Integer,     ///< by number: IS and US
    Modalities,  ///< exact, list or wildcard, on any series of the study
};

struct AttributeInfo {
    Attribute attribute;
    std::string_view keyword;  ///< `StudyDate`
    std::uint32_t tag;         ///< 0x00080020
    std::string_view vr;       ///< `DA`
    Level level;
    Matching matching;
    /// The sequence that holds it, 0 for none: QIDO writes it `00400275.00400009`.
    std::uint32_t sequence_tag = 0;
};

/// All of them, in the order of the enumeration.
std::span<const AttributeInfo> attributes();
const AttributeInfo& info_of(Attribute attribute);

/// By keyword (`PatientName`), tag (`00100010`) or a path of two of these
/// (`RequestAttributesSequence.RequestedProcedureID`, `00400275.00401001`); nothing for others.
std::optional<Attribute> find_attribute(std::string_view path);

}  // namespace larmor::catalog

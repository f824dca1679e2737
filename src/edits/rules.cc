#include "edits/rules.h"

#include <algorithm>
#include <array>

#include "dicom/tags.h"

namespace larmor::edits {
namespace {

namespace tags = dicom::tags;

/// Outside of group 0010, nearly all of which is the patient's. Sorted on compilation.
constexpr auto kOfStudy = [] {
    std::array all{
        // General Study.
        tags::StudyDate,
        tags::StudyTime,
        tags::AccessionNumber,
        tags::IssuerOfAccessionNumberSequence,
        tags::ReferringPhysicianName,
        tags::ReferringPhysicianIdentificationSequence,
        tags::ConsultingPhysicianName,
        tags::ConsultingPhysicianIdentificationSequence,
        tags::StudyDescription,
        tags::ProcedureCodeSequence,
        tags::PhysiciansOfRecord,
        tags::PhysiciansOfRecordIdentificationSequence,
        tags::NameOfPhysiciansReadingStudy,
        tags::PhysiciansReadingStudyIdentificationSequence,
        tags::ReferencedStudySequence,
        tags::StudyInstanceUID,
        tags::StudyID,
        tags::RequestingServiceCodeSequence,
        tags::ReasonForPerformedProcedureCodeSequence,
        // Patient, Patient Study.
        tags::ReferencedPatientSequence,
        tags::AdmittingDiagnosesDescription,
        tags::AdmittingDiagnosesCodeSequence,
        tags::ReasonForVisit,
        tags::ReasonForVisitCodeSequence,
        tags::AdmissionID,
        tags::IssuerOfAdmissionIDSequence,
        tags::ServiceEpisodeID,
        tags::ServiceEpisodeDescription,
        tags::IssuerOfServiceEpisodeIDSequence,
        tags::PatientState,
        tags::PatientIdentityRemoved,
        tags::DeidentificationMethod,
        tags::DeidentificationMethodCodeSequence,
        // Clinical Trial Subject, Clinical Trial Study.
        tags::ClinicalTrialSponsorName,
        tags::ClinicalTrialProtocolID,
        tags::ClinicalTrialProtocolName,
        tags::ClinicalTrialSiteID,
        tags::ClinicalTrialSiteName,
        tags::ClinicalTrialSubjectID,
        tags::ClinicalTrialSubjectReadingID,
        tags::ClinicalTrialTimePointID,
        tags::ClinicalTrialTimePointDescription,
        tags::LongitudinalTemporalOffsetFromEvent,
        tags::LongitudinalTemporalEventType,
        tags::ClinicalTrialProtocolEthicsCommitteeName,
        tags::ClinicalTrialProtocolEthicsCommitteeApprovalNumber,
        tags::ConsentForClinicalTrialUseSequence,
        // What a search counts.
        tags::ModalitiesInStudy,
        tags::NumberOfStudyRelatedSeries,
        tags::NumberOfStudyRelatedInstances,
    };
    std::ranges::sort(all);
    return all;
}();

constexpr auto kOfSeries = [] {
    std::array all{
        // General Series.
        tags::Modality,
        tags::SeriesInstanceUID,
        tags::SeriesNumber,
        tags::Laterality,
        tags::SeriesDate,
        tags::SeriesTime,
        tags::PerformingPhysicianName,
        tags::PerformingPhysicianIdentificationSequence,
        tags::ProtocolName,
        tags::SeriesDescription,
        tags::SeriesDescriptionCodeSequence,
        tags::OperatorsName,
        tags::OperatorIdentificationSequence,
        tags::ReferencedPerformedProcedureStepSequence,
        tags::RelatedSeriesSequence,
        tags::BodyPartExamined,
        tags::PatientPosition,
        tags::SmallestPixelValueInSeries,
        tags::LargestPixelValueInSeries,
        tags::RequestAttributesSequence,
        tags::PerformedProcedureStepID,
        tags::PerformedProcedureStepStartDate,
        tags::PerformedProcedureStepStartTime,
        tags::PerformedProcedureStepEndDate,
        tags::PerformedProcedureStepEndTime,
        tags::PerformedProcedureStepDescription,
        tags::PerformedProtocolCodeSequence,
        tags::CommentsOnThePerformedProcedureStep,
        tags::AnatomicalOrientationType,
        tags::NumberOfSeriesRelatedInstances,
        // General Equipment.
        tags::Manufacturer,
        tags::InstitutionName,
        tags::InstitutionAddress,
        tags::InstitutionalDepartmentName,
        tags::StationName,
        tags::ManufacturerModelName,
        tags::DeviceSerialNumber,
        tags::DeviceUID,
        tags::GantryID,
        tags::SoftwareVersions,
        tags::SpatialResolution,
        tags::DateOfLastCalibration,
        tags::TimeOfLastCalibration,
        // Frame of Reference, Synchronization.
        tags::FrameOfReferenceUID,
        tags::PositionReferenceIndicator,
        tags::SynchronizationFrameOfReferenceUID,
        // Clinical Trial Series.
        tags::ClinicalTrialCoordinatingCenterName,
        tags::ClinicalTrialSeriesID,
        tags::ClinicalTrialSeriesDescription,
    };
    std::ranges::sort(all);
    return all;
}();

/// The Image Pixel module and what says how the pixels came about. Source: PS3.3 sections
/// C.7.6.3 and C.7.6.1.1.5.
bool describes_pixels(dicom::Tag tag) {
    if (tag.group != 0x0028) return false;
    const std::uint16_t element = tag.element;
    return element <= 0x0014 || element == 0x0034 || (element >= 0x0100 && element <= 0x0111) ||
           (element >= 0x1100 && element <= 0x1224) || element == 0x2000 || element == 0x2002 ||
           (element >= 0x2110 && element <= 0x2114) || element == 0x7fe0;
}

/// Groups 50xx and 60xx, and waveforms.
bool is_beside_pixels(dicom::Tag tag) {
    const auto high = static_cast<std::uint16_t>(tag.group & 0xff00);
    return !tag.is_private() && (high == 0x5000 || high == 0x6000 || tag.group == 0x5400);
}

}  // namespace

Level level_of(dicom::Tag tag) {
    if (std::ranges::binary_search(kOfSeries, tag)) {
        return Level::Series;
    }
    const bool of_patient = tag.group == 0x0010 && tag != tags::ExaminedBodyThickness;
    return of_patient || std::ranges::binary_search(kOfStudy, tag) ? Level::Study
                                                                   : Level::Instance;
}

Rule rule_of(const Path& path) {
    // Inside sequences, too: these are no attributes of a data set, or are pixels.
    const auto is_never = [](dicom::Tag tag) {
        return tag.group < 0x0008 || tag.is_group_length() || tag.group >= 0x7f00;
    };
    if (is_never(path.tag)) return Rule::Never;
    for (const dicom::ItemStep& step : path.steps) {
        if (is_never(step.sequence)) return Rule::Never;
    }
    const dicom::Tag tag = path.outermost();
    if (tag == tags::SOPClassUID || tag == tags::SpecificCharacterSet ||
        tag == tags::OriginalAttributesSequence || describes_pixels(tag) ||
        is_beside_pixels(tag)) {
        return Rule::Never;
    }
    if (tag == tags::StudyInstanceUID || tag == tags::SeriesInstanceUID ||
        tag == tags::SOPInstanceUID) {
        return Rule::Identifies;
    }
    return tag == tags::StudyID ? Rule::NeedsForce : Rule::Free;
}

}  // namespace larmor::edits

#include "api/dicomweb/attribute_level.h"

#include <algorithm>
#include <array>

#include "dicom/tags.h"

namespace larmor::api {
namespace {

namespace tags = dicom::tags;
using catalog::Level;

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

}  // namespace

Level level_of(dicom::Tag tag) {
    if (std::ranges::binary_search(kOfSeries, tag)) {
        return Level::Series;
    }
    const bool of_patient = tag.group == 0x0010 && tag != tags::ExaminedBodyThickness;
    return of_patient || std::ranges::binary_search(kOfStudy, tag) ? Level::Study
                                                                   : Level::Instance;
}

}  // namespace larmor::api

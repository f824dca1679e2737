#include "edits/modules.h"

#include <algorithm>
#include <array>

#include "dicom/tags.h"
#include "edits/sorted.h"

namespace larmor::edits {
namespace {

namespace tags = dicom::tags;

// Sorted on compilation.

constexpr auto kOfPatient = sorted(std::array{
    // Patient.
    tags::PatientName,
    tags::PatientID,
    tags::IssuerOfPatientID,
    tags::IssuerOfPatientIDQualifiersSequence,
    tags::TypeOfPatientID,
    tags::PatientBirthDate,
    tags::PatientBirthDateInAlternativeCalendar,
    tags::PatientDeathDateInAlternativeCalendar,
    tags::PatientAlternativeCalendar,
    tags::PatientSex,
    tags::ReferencedPatientPhotoSequence,
    tags::QualityControlSubject,
    tags::ReferencedPatientSequence,
    tags::PatientBirthTime,
    tags::OtherPatientIDsSequence,
    tags::OtherPatientNames,
    tags::EthnicGroup,
    tags::PatientComments,
    tags::PatientSpeciesDescription,
    tags::PatientSpeciesCodeSequence,
    tags::PatientBreedDescription,
    tags::PatientBreedCodeSequence,
    tags::BreedRegistrationSequence,
    tags::StrainDescription,
    tags::StrainNomenclature,
    tags::StrainCodeSequence,
    tags::StrainAdditionalInformation,
    tags::StrainStockSequence,
    tags::GeneticModificationsSequence,
    tags::ResponsiblePerson,
    tags::ResponsiblePersonRole,
    tags::ResponsibleOrganization,
    tags::PatientIdentityRemoved,
    tags::DeidentificationMethod,
    tags::DeidentificationMethodCodeSequence,
    // Patient Group.
    tags::SourcePatientGroupIdentificationSequence,
    tags::GroupOfPatientsIdentificationSequence,
    // Clinical Trial Subject.
    tags::ClinicalTrialSponsorName,
    tags::ClinicalTrialProtocolID,
    tags::ClinicalTrialProtocolName,
    tags::ClinicalTrialSiteID,
    tags::ClinicalTrialSiteName,
    tags::ClinicalTrialSubjectID,
    tags::ClinicalTrialSubjectReadingID,
    tags::ClinicalTrialProtocolEthicsCommitteeName,
    tags::ClinicalTrialProtocolEthicsCommitteeApprovalNumber,
});

constexpr auto kOfStudy = sorted(std::array{
    // General Study.
    tags::StudyInstanceUID,
    tags::StudyDate,
    tags::StudyTime,
    tags::ReferringPhysicianName,
    tags::ReferringPhysicianIdentificationSequence,
    tags::ConsultingPhysicianName,
    tags::ConsultingPhysicianIdentificationSequence,
    tags::StudyID,
    tags::AccessionNumber,
    tags::IssuerOfAccessionNumberSequence,
    tags::StudyDescription,
    tags::PhysiciansOfRecord,
    tags::PhysiciansOfRecordIdentificationSequence,
    tags::NameOfPhysiciansReadingStudy,
    tags::PhysiciansReadingStudyIdentificationSequence,
    tags::RequestingService,
    tags::RequestingServiceCodeSequence,
    tags::ReferencedStudySequence,
    tags::ProcedureCodeSequence,
    tags::ReasonForPerformedProcedureCodeSequence,
    // Patient Study.
    tags::AdmittingDiagnosesDescription,
    tags::AdmittingDiagnosesCodeSequence,
    tags::PatientAge,
    tags::PatientSize,
    tags::PatientWeight,
    tags::PatientBodyMassIndex,
    tags::MeasuredAPDimension,
    tags::MeasuredLateralDimension,
    tags::PatientSizeCodeSequence,
    tags::MedicalAlerts,
    tags::Allergies,
    tags::SmokingStatus,
    tags::PregnancyStatus,
    tags::LastMenstrualDate,
    tags::PatientState,
    tags::Occupation,
    tags::AdditionalPatientHistory,
    tags::AdmissionID,
    tags::IssuerOfAdmissionIDSequence,
    tags::ReasonForVisit,
    tags::ReasonForVisitCodeSequence,
    tags::ServiceEpisodeID,
    tags::IssuerOfServiceEpisodeIDSequence,
    tags::ServiceEpisodeDescription,
    tags::PatientSexNeutered,
    // Clinical Trial Study.
    tags::ClinicalTrialTimePointID,
    tags::ClinicalTrialTimePointDescription,
    tags::LongitudinalTemporalOffsetFromEvent,
    tags::LongitudinalTemporalEventType,
    tags::ConsentForClinicalTrialUseSequence,
});

constexpr auto kOfSeries = sorted(std::array{
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
    tags::AnatomicalOrientationType,
    tags::TreatmentSessionUID,
    // Clinical Trial Series.
    tags::ClinicalTrialCoordinatingCenterName,
    tags::ClinicalTrialSeriesID,
    tags::ClinicalTrialSeriesDescription,
    // General Equipment.
    tags::Manufacturer,
    tags::InstitutionName,
    tags::InstitutionAddress,
    tags::StationName,
    tags::InstitutionalDepartmentName,
    tags::InstitutionalDepartmentTypeCodeSequence,
    tags::ManufacturerModelName,
    tags::ManufacturerDeviceClassUID,
    tags::DeviceSerialNumber,
    tags::SoftwareVersions,
    tags::GantryID,
    tags::UDISequence,
    tags::DeviceUID,
    tags::SpatialResolution,
    tags::DateOfLastCalibration,
    tags::TimeOfLastCalibration,
    // Frame of Reference.
    tags::FrameOfReferenceUID,
    tags::PositionReferenceIndicator,
});

}  // namespace

Module module_of(dicom::Tag tag) {
    if (std::ranges::binary_search(kOfPatient, tag)) return Module::Patient;
    if (std::ranges::binary_search(kOfStudy, tag)) return Module::Study;
    return std::ranges::binary_search(kOfSeries, tag) ? Module::Series : Module::None;
}

}  // namespace larmor::edits

#include "edits/rules.h"

#include <algorithm>
#include <array>

#include "dicom/tags.h"
#include "edits/modules.h"
#include "edits/sorted.h"

namespace larmor::edits {
namespace {

namespace tags = dicom::tags;

/// Beside those of the modules.
constexpr auto kMoreOfStudy = sorted(std::array{
    // What a search counts.
    tags::ModalitiesInStudy,
    tags::NumberOfStudyRelatedSeries,
    tags::NumberOfStudyRelatedInstances,
});

constexpr auto kMoreOfSeries = sorted(std::array{
    // Performed procedure step, of which General Series has the summary.
    tags::PerformedProcedureStepID,
    tags::PerformedProcedureStepStartDate,
    tags::PerformedProcedureStepStartTime,
    tags::PerformedProcedureStepEndDate,
    tags::PerformedProcedureStepEndTime,
    tags::PerformedProcedureStepDescription,
    tags::PerformedProtocolCodeSequence,
    tags::CommentsOnThePerformedProcedureStep,
    // Synchronization.
    tags::SynchronizationFrameOfReferenceUID,
    // What a search counts.
    tags::NumberOfSeriesRelatedInstances,
});

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
    switch (module_of(tag)) {
        case Module::Patient:
        case Module::Study:
            return Level::Study;
        case Module::Series:
            return Level::Series;
        case Module::None:
            break;
    }
    if (std::ranges::binary_search(kMoreOfSeries, tag)) return Level::Series;
    // Nearly all of the group is the patient's, what later editions add too.
    const bool of_patient = tag.group == 0x0010 && tag != tags::ExaminedBodyThickness;
    return of_patient || std::ranges::binary_search(kMoreOfStudy, tag) ? Level::Study
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

#pragma once
#include <string>
#include <vector>

#include "base/clock.h"
#include "dicom/tag.h"
#include "edits/change.h"

namespace larmor::edits {

// What an item of Original Attributes Sequence says beside the values that were changed.
// Source: PS3.3 section C.12.1.1.9.
inline constexpr dicom::Tag kOriginalAttributesSequence{0x0400, 0x0561};
inline constexpr dicom::Tag kModifiedAttributesSequence{0x0400, 0x0550};
inline constexpr dicom::Tag kAttributeModificationDateTime{0x0400, 0x0562};
inline constexpr dicom::Tag kModifyingSystem{0x0400, 0x0563};
inline constexpr dicom::Tag kSourceOfPreviousValues{0x0400, 0x0564};
inline constexpr dicom::Tag kReasonForTheAttributeModification{0x0400, 0x0565};
inline constexpr std::string_view kModifyingSystemName = "LARMOR";
inline constexpr std::string_view kModificationReason = "CORRECT";

/// Of the last change, as DT in UTC.
std::string modification_time(const Changes& changes);
/// The elements of the top level that the changes are in, ascending, each once.
std::vector<dicom::Tag> changed_elements(const Changes& changes);

}  // namespace larmor::edits

#pragma once
#include <cstdint>

#include "dicom/tag.h"

namespace larmor::healthimaging {

/// Where HealthImaging's metadata have an attribute of the top level.
enum class Level : std::uint8_t { Patient = 0, Study = 1, Series = 2, Instance = 3 };

/// Source: AWS HealthImaging developer guide, "Metadata normalization" (by the data dictionary
/// of PS3.6 2022b); what it does not list is the instance's. Not edits::level_of, which goes by
/// PS3.3 and says which attributes image sets share.
Level level_of(dicom::Tag tag);

}  // namespace larmor::healthimaging

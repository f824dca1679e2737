#pragma once
#include <cstdint>

#include "dicom/tag.h"

namespace larmor::healthimaging {

/// Where HealthImaging's metadata have an attribute of the top level.
enum class Level : std::uint8_t { Patient = 0, Study = 1, Series = 2, Instance = 3 };

/// By edits::module_of; what is in none of those modules is the instance's. Not
/// edits::level_of, which says which attributes image sets share.
Level level_of(dicom::Tag tag);

}  // namespace larmor::healthimaging

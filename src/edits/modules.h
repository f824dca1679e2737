#pragma once
#include <cstdint>

#include "dicom/tag.h"

namespace larmor::edits {

/// Whose modules have an attribute of the top level: patient's (PS3.3 sections C.7.1, with the
/// clinical trial's subject), study's (C.7.2), or those of series, equipment and frame of
/// reference (C.7.3 to C.7.5). None: everything else, the instance's. What is in the modules of
/// two is of the higher one. By the data dictionary of PS3.6 2022b, as AWS HealthImaging
/// normalises metadata (its developer guide, "Metadata normalization").
enum class Module : std::uint8_t { Patient, Study, Series, None };
Module module_of(dicom::Tag tag);

}  // namespace larmor::edits

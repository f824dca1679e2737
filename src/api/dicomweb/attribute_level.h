#pragma once
#include "catalog/attribute.h"
#include "dicom/tag.h"

namespace larmor::api {

/// At which level of a search an attribute belongs: patient and study modules to the study
/// (PS3.3 sections C.7.1 and C.7.2), series, equipment and frame of reference to the series
/// (C.7.3 to C.7.5), everything else, private elements too, to the instance. Of an attribute
/// inside a sequence that of the outermost one decides.
catalog::Level level_of(dicom::Tag tag);

}  // namespace larmor::api

#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace larmor::dicom {

/// The objects of an array of the DICOM JSON model, as write_json writes them (`vr` before the
/// value), each as a document of the Native DICOM Model. Digits of numbers stay as they are.
/// A private data element has the tag `gggg00ee` and names its creator, as DCMTK does it. An
/// empty value among others is left out, its number with it. Errors: InvalidInput for what is
/// no such JSON; LimitExceeded for more than 64 sequences within sequences. Source: PS3.19
/// section A.1.
Result<std::vector<std::string>> native_xml_of(std::string_view json_array);

}  // namespace larmor::dicom

#pragma once
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "dicom/tag.h"
#include "index/document.h"

namespace larmor::index {

/// Reads one object of the DICOM JSON model (PS3.18 annex F) once and gives the values of
/// `tags`, which rise. Takes the string by reference since the parser pads it.
/// Errors: InvalidInput where it is no such object.
Result<Values> read_attribute_values(std::string& json, std::span<const dicom::Tag> tags);

/// The same of one attribute's object: `{"vr":...,"Value":[...]}`.
Result<std::optional<std::string>> read_attribute_value(std::string& json);

}  // namespace larmor::index

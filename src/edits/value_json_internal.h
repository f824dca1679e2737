#pragma once
#include <simdjson.h>

#include <string>
#include <string_view>

#include "edits/path.h"

namespace larmor::edits {

/// A value of an update document as the data element (or item) of DICOM JSON that is stored, in
/// the form of dicom::write_json. `vr` where it is declared, else empty. Errors: InvalidInput
/// that names the tag; no value is repeated.
Result<std::string> element_json(const Path& path, std::string_view vr,
                                 simdjson::dom::element value);

}  // namespace larmor::edits

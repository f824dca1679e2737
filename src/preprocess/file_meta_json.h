#pragma once
#include <string>

#include "dicom/file.h"

namespace larmor::preprocess {

/// Group 0002 of a file as members of a JSON object by keyword, without the braces: UL as a
/// number, OB as base64, all else as text. Empty for a bare data set. What can't be read is
/// left out.
std::string file_meta_json(const dicom::File& file);

}  // namespace larmor::preprocess

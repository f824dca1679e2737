#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor::dicom {

/// A document of the Native DICOM Model as an object of the DICOM JSON model, for read_json:
/// all values as texts, keys in the order of tags. A private data element that names its
/// creator gets the creator's block, a new one where the data set has no such creator. Values
/// between numbers that are given are empty.
/// Bounded: 64 sequences within sequences, 64 KiB of values numbered beyond those that are
/// there; a document type declaration is refused, and so are entities with it.
/// Errors: InvalidInput with the line, for what is no XML or no such document; LimitExceeded.
/// Source: PS3.19 section A.1.
Result<std::string> json_of_native_xml(std::string_view document);

}  // namespace larmor::dicom

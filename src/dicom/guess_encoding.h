#pragma once
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "dicom/transfer_syntax.h"

namespace larmor::dicom {

/// True when the first data elements are sorted, known to the dictionary (or private) and lie
/// within `data_set`, read in `encoding`.
bool looks_like(Bytes data_set, Encoding encoding);

/// The UID of the first that fits: Explicit Little, Implicit Little, Explicit Big.
std::optional<std::string_view> guess_transfer_syntax(Bytes data_set);

}  // namespace larmor::dicom

#pragma once
#include <simdjson.h>

#include <string>

#include "dicom/json_read.h"
#include "dicom/json_tokens_internal.h"

namespace larmor::dicom {

/// Appends the values of a `Value` that is no sequence, as a data element has them, not padded.
/// Errors: InvalidInput for those that the VR can't have; LimitExceeded as soon as `out` has
/// more than `room_bytes`, which are left of `options.data_set_max_bytes`.
/// Source: PS3.18 sections F.2.2 to F.2.4.
Result<void> append_json_values(std::string& out, simdjson::ondemand::array values, Vr vr,
                                JsonTokens& tokens, const JsonReadOptions& options,
                                std::size_t room_bytes);

}  // namespace larmor::dicom

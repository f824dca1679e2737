#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "dicom/json_read.h"
#include "dicom/vr.h"

namespace larmor::dicom {

/// What stands in a Value array: the text of a number or the content of a string.
struct JsonScalar {
    std::string_view text;
    bool is_number = false;
};

/// Appends one value, little endian, to `out`. `scalar` of a number is its digits as JSON has
/// them. Errors: InvalidInput without a place, when the VR cannot hold it.
Result<void> append_json_value(std::string& out, JsonScalar scalar, Vr vr,
                               JsonReadOptions::LongDecimals long_decimals);

/// True when a Value array of this VR is text whose values are parted by 5C or stand alone.
bool is_json_text(Vr vr);

}  // namespace larmor::dicom

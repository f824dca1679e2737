#pragma once
#include <string>
#include <string_view>

#include "dicom/charset.h"

namespace larmor::dicom {

/// For the codes that are no ISO 2022 sets: `code` is a name that lives as long as the program.
/// One converter a thread, code and direction is kept open. `encode_by_iconv` leaves `out` as
/// it was and returns false where `text` does not fit.
Decoding decode_by_iconv(const char* code, std::string_view value, std::string& out);
bool encode_by_iconv(const char* code, std::string_view text, std::string& out);

}  // namespace larmor::dicom

#pragma once
#include <cstddef>
#include <string_view>

#include "base/bytes.h"
#include "dicom/json_out.h"
#include "dicom/transfer_syntax.h"
#include "dicom/vr.h"

namespace larmor::dicom {

// Each appends `,"Value":[...]` for a value that is not empty (padding apart); nothing for one
// that is. An empty value among others is null.

/// What a text VR makes of its value.
struct TextRules {
    bool splits = true;        ///< 5C parts values
    bool trims_front = false;  ///< blanks before a value have no meaning
};

/// Text without padding at its end, in the common case: false when there is a byte over 7F or
/// ESC; then what was written must be taken back, and the text decoded for the next function.
/// Of the bytes behind `text`, `readable` may be touched, so that short text needs one wide
/// load.
bool put_ascii_values(JsonOut& out, std::string_view text, std::size_t readable,
                      TextRules rules);
/// The same for well-formed UTF-8, whatever is in it.
void put_utf8_values(JsonOut& out, std::string_view utf8, TextRules rules);
/// PN, parted into values and component groups; empty groups are left out.
void put_names(JsonOut& out, std::string_view utf8);

/// DS and IS: a number where it is one, else a string.
void put_number_strings(JsonOut& out, std::string_view text, Vr vr);
/// FL FD SL SS SV UL US UV. Bytes behind the last whole number are left out.
void put_numbers(JsonOut& out, Bytes value, Vr vr, ByteOrder order);
void put_tags(JsonOut& out, Bytes value, ByteOrder order);

}  // namespace larmor::dicom

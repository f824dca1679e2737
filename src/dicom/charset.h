#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "dicom/vr.h"

namespace larmor::dicom {

enum class Decoding : bool {
    Exact,
    Repaired,  ///< some bytes stand for no character of the set: each became U+FFFD
};

/// The meaning of the bytes in text of a data set, from Specific Character Set (0008,0005).
/// Eight bytes, free to copy and safe from any thread; tables are made at the first use.
///
/// Reading never fails. What we do where the standard gives no meaning (as pydicom does, except
/// where said):
/// - a missing or empty (0008,0005) is the default repertoire; bytes over 7F in it, which it
///   does not have, are read as Latin-1, what old devices meant;
/// - a misspelt term (`ISO-IR 100`, `ISO IR 192`, `ISO_IR_100`, `ISO_2022_IR_87`, blanks) is
///   understood; an unknown one reads as Latin-1;
/// - UTF-8, GBK and GB18030 stand alone: next to others the first value decides;
/// - an escape sequence of a set that (0008,0005) does not list is obeyed (pydicom: not); an
///   unknown one stays in the text;
/// - a byte that stands for nothing becomes one U+FFFD; in UTF-8 one per maximal subpart.
/// Source: PS3.3 section C.12.1.1.2, PS3.5 section 6.1.2.
class CharacterSet {
public:
    /// The default repertoire, ISO-IR 6.
    constexpr CharacterSet() = default;
    /// From the value of (0008,0005) as stored: `ISO 2022 IR 13\ISO 2022 IR 87`.
    explicit CharacterSet(std::string_view specific_character_set);

    /// True when text is UTF-8 (ISO_IR 192) as it stands, still to be checked.
    bool is_utf8() const;
    /// True when the bytes 20 to 7E mean ASCII until an escape sequence comes: all but JIS X
    /// 0201.
    bool starts_in_ascii() const;

    /// Appends a value of `vr` to `out` as UTF-8 that is always well formed. Backslashes that
    /// part values stay 5C (PN, LO, SH, UC; also where 5C shows as a yen sign); a 5C that is
    /// half of a multi-byte character is none. In ST, LT and UT there is no delimiter: 5C of
    /// JIS X 0201 is a yen sign there. Code extensions return to the initial sets after CR, LF,
    /// FF, TAB, between values, and in PN after `^` and `=`. Padding stays.
    /// VRs that have no character set (CS, UI, ...) are read as Latin-1.
    /// Costs one scan where all bytes are ASCII. Source: PS3.5 sections 6.1.2.3 and 6.1.2.5.3.
    Decoding decode(std::string_view value, Vr vr, std::string& out) const;

    /// Appends UTF-8 `text` to `out` in this set with the escape sequences that it needs, no
    /// padding. False when a character is in none of the listed sets (or `text` is no UTF-8):
    /// then `out` is as before, and the whole data set must be rewritten as ISO_IR 192, nested
    /// items included. A 5C in `text` is a delimiter except in ST, LT and UT.
    [[nodiscard]] bool encode(std::string_view text, Vr vr, std::string& out) const;

    friend bool operator==(CharacterSet, CharacterSet) = default;

private:
    std::uint32_t first_ =
        0;  ///< the term of the first value, a row of the table in charset.cc
    std::uint32_t listed_ = 0;  ///< one bit a term
};

/// True when all bytes are 00 to 7F and none is ESC: the same text in every set whose initial
/// set is ASCII.
bool is_plain_ascii(std::string_view bytes);

/// Appends `text` with each ill-formed maximal subpart replaced by U+FFFD (Unicode 15 section
/// 3.9, as W3C's Encoding Standard). Returns whether any was.
Decoding append_repaired_utf8(std::string& out, std::string_view text);

}  // namespace larmor::dicom

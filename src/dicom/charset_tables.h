#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace larmor::dicom {

/// Where a set is designated to: 00-7F or 80-FF. Source: PS3.5 section 6.1.2.5.1.
enum class CodeElement : std::uint8_t { G0, G1 };

/// A set of 94 or 96 characters (one byte each), or of 94 x 94 (two bytes each), that an escape
/// sequence designates. Source: PS3.3 tables C.12-3 and C.12-4.
struct CodedSet {
    std::string_view escape;  ///< with ESC
    CodeElement element = CodeElement::G0;
    unsigned bytes_per_character = 1;
    std::string_view
        iconv_name;           ///< of a code that holds the set; empty for ASCII and JIS X 0201
    std::string_view prefix;  ///< before the bytes of a character in that code

    /// The character of one byte (80-FF, or 21-7E in G0) or of two bytes with bit 8 off as
    /// first << 8 | second; 0 for none.
    char32_t character(unsigned code) const;
    /// The code of `character` in the form above; 0 for none.
    unsigned code(char32_t character) const;
};

/// The only objects of the type: their addresses tell them apart.
inline constexpr std::array<CodedSet, 19> kCodedSets{{
    {"\x1b-A", CodeElement::G1, 1, "ISO-8859-1", {}},
    {"\x1b-B", CodeElement::G1, 1, "ISO-8859-2", {}},
    {"\x1b-C", CodeElement::G1, 1, "ISO-8859-3", {}},
    {"\x1b-D", CodeElement::G1, 1, "ISO-8859-4", {}},
    {"\x1b-L", CodeElement::G1, 1, "ISO-8859-5", {}},
    {"\x1b-G", CodeElement::G1, 1, "ISO-8859-6", {}},
    {"\x1b-F", CodeElement::G1, 1, "ISO-8859-7", {}},
    {"\x1b-H", CodeElement::G1, 1, "ISO-8859-8", {}},
    {"\x1b-M", CodeElement::G1, 1, "ISO-8859-9", {}},
    {"\x1b-b", CodeElement::G1, 1, "ISO-8859-15", {}},
    {"\x1b-T", CodeElement::G1, 1, "TIS-620", {}},
    {"\x1b$B", CodeElement::G0, 2, "EUC-JP", {}},
    {"\x1b$(D", CodeElement::G0, 2, "EUC-JP", "\x8f"},
    {"\x1b$)C", CodeElement::G1, 2, "EUC-KR", {}},
    {"\x1b$)A", CodeElement::G1, 2, "EUC-CN", {}},
    {"\x1b$@", CodeElement::G0, 2, "EUC-JP", {}},  // JIS C 6226-1978, read as its successor
    {"\x1b(B", CodeElement::G0, 1, {}, {}},
    {"\x1b(J", CodeElement::G0, 1, {}, {}},
    {"\x1b)I", CodeElement::G1, 1, {}, {}},
}};
inline constexpr const CodedSet& kLatin1 = kCodedSets[0];
inline constexpr const CodedSet& kAscii = kCodedSets[16];
inline constexpr const CodedSet& kJisRoman = kCodedSets[17];
inline constexpr const CodedSet& kJisKatakana = kCodedSets[18];

/// The set whose escape sequence starts `bytes`, or nullptr.
const CodedSet* designated_by(std::string_view bytes);

}  // namespace larmor::dicom

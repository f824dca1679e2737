#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace larmor::dicom {

/// A value representation; its number is its two letters as they stand in a file, first letter
/// low. Source: PS3.5 section 6.2.
enum class Vr : std::uint16_t {};

constexpr Vr vr_of(char first, char second) {
    return static_cast<Vr>(static_cast<unsigned char>(first) |
                           static_cast<unsigned char>(second) << 8);
}

namespace vr {
inline constexpr Vr AE = vr_of('A', 'E'), AS = vr_of('A', 'S'), AT = vr_of('A', 'T'),
                    CS = vr_of('C', 'S'), DA = vr_of('D', 'A'), DS = vr_of('D', 'S'),
                    DT = vr_of('D', 'T'), FD = vr_of('F', 'D'), FL = vr_of('F', 'L'),
                    IS = vr_of('I', 'S'), LO = vr_of('L', 'O'), LT = vr_of('L', 'T'),
                    OB = vr_of('O', 'B'), OD = vr_of('O', 'D'), OF = vr_of('O', 'F'),
                    OL = vr_of('O', 'L'), OV = vr_of('O', 'V'), OW = vr_of('O', 'W'),
                    PN = vr_of('P', 'N'), SH = vr_of('S', 'H'), SL = vr_of('S', 'L'),
                    SQ = vr_of('S', 'Q'), SS = vr_of('S', 'S'), ST = vr_of('S', 'T'),
                    SV = vr_of('S', 'V'), TM = vr_of('T', 'M'), UC = vr_of('U', 'C'),
                    UI = vr_of('U', 'I'), UL = vr_of('U', 'L'), UN = vr_of('U', 'N'),
                    UR = vr_of('U', 'R'), US = vr_of('U', 'S'), UT = vr_of('U', 'T'),
                    UV = vr_of('U', 'V');
}  // namespace vr

/// One of the 34 of PS3.5 table 6.2-1.
bool is_known(Vr vr);
/// Two capital letters: what an explicit data set may carry, known to us or not.
bool is_vr_letters(Vr vr);
/// True when the explicit header has two reserved bytes and a length of 32 bits. Unknown ones
/// have it too: PS3.5 section 6.2.2 note.
bool has_long_length(Vr vr);
/// Text in the data set's character set: LO LT PN SH ST UC UT. Source: PS3.5 section 6.1.2.3.
bool uses_character_set(Vr vr);
/// Bytes without text: OB OD OF OL OV OW UN.
bool is_binary(Vr vr);
std::string to_string(Vr vr);

}  // namespace larmor::dicom

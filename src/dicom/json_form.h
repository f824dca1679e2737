#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>

#include "dicom/vr.h"

namespace larmor::dicom {

constexpr std::size_t json_form_index(Vr vr) {
    const auto letters = static_cast<std::uint16_t>(vr);
    return (letters & 0x1fU) | (letters >> 8 & 0x1fU) << 5;
}

/// What the JSON form of a VR is.
enum class JsonForm : std::uint8_t {
    Unknown,  ///< letters that are no VR of the standard, and SQ, which has its own tokens
    Text,
    TrimmedText,  ///< without blanks before it
    SingleText,   ///< not parted at 5C
    CharacterText,
    SingleCharacterText,
    Name,
    NumberString,
    Number,
    Tags,
    Binary,
};

inline constexpr auto kJsonForms = [] {
    std::array<JsonForm, 1024> forms{};
    const auto set = [&](JsonForm form, std::initializer_list<Vr> vrs) {
        for (const Vr vr : vrs) forms[json_form_index(vr)] = form;
    };
    using namespace vr;
    set(JsonForm::Text, {AS, DA, DT, TM, UI});
    set(JsonForm::TrimmedText, {AE, CS});
    set(JsonForm::SingleText, {UR});
    set(JsonForm::CharacterText, {LO, SH, UC});
    set(JsonForm::SingleCharacterText, {LT, ST, UT});
    set(JsonForm::Name, {PN});
    set(JsonForm::NumberString, {DS, IS});
    set(JsonForm::Number, {FD, FL, SL, SS, SV, UL, US, UV});
    set(JsonForm::Tags, {AT});
    set(JsonForm::Binary, {OB, OD, OF, OL, OV, OW, UN});
    return forms;
}();
/// The reader lets only capital letters through, so that the index tells them apart.
inline JsonForm json_form_of(Vr vr) {
    return kJsonForms[json_form_index(vr)];
}

}  // namespace larmor::dicom

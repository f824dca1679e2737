#include "dicom/vr.h"

namespace larmor::dicom {

bool is_known(Vr vr) {
    switch (vr) {
        case vr::AE:
        case vr::AS:
        case vr::AT:
        case vr::CS:
        case vr::DA:
        case vr::DS:
        case vr::DT:
        case vr::FD:
        case vr::FL:
        case vr::IS:
        case vr::LO:
        case vr::LT:
        case vr::OB:
        case vr::OD:
        case vr::OF:
        case vr::OL:
        case vr::OV:
        case vr::OW:
        case vr::PN:
        case vr::SH:
        case vr::SL:
        case vr::SQ:
        case vr::SS:
        case vr::ST:
        case vr::SV:
        case vr::TM:
        case vr::UC:
        case vr::UI:
        case vr::UL:
        case vr::UN:
        case vr::UR:
        case vr::US:
        case vr::UT:
        case vr::UV:
            return true;
        default:
            return false;
    }
}

bool is_vr_letters(Vr vr) {
    const auto letters = static_cast<unsigned>(vr);
    const auto capital = [](unsigned c) { return c >= 'A' && c <= 'Z'; };
    return capital(letters & 0xffU) && capital(letters >> 8);
}

bool has_long_length(Vr vr) {
    switch (vr) {
        case vr::AE:
        case vr::AS:
        case vr::AT:
        case vr::CS:
        case vr::DA:
        case vr::DS:
        case vr::DT:
        case vr::FD:
        case vr::FL:
        case vr::IS:
        case vr::LO:
        case vr::LT:
        case vr::PN:
        case vr::SH:
        case vr::SL:
        case vr::SS:
        case vr::ST:
        case vr::TM:
        case vr::UI:
        case vr::UL:
        case vr::US:
            return false;
        default:
            return true;
    }
}

bool uses_character_set(Vr vr) {
    return vr == vr::LO || vr == vr::LT || vr == vr::PN || vr == vr::SH || vr == vr::ST ||
           vr == vr::UC || vr == vr::UT;
}

bool is_binary(Vr vr) {
    return vr == vr::OB || vr == vr::OD || vr == vr::OF || vr == vr::OL || vr == vr::OV ||
           vr == vr::OW || vr == vr::UN;
}

std::string to_string(Vr vr) {
    const auto letters = static_cast<unsigned>(vr);
    return {static_cast<char>(letters & 0xffU), static_cast<char>(letters >> 8)};
}

}  // namespace larmor::dicom

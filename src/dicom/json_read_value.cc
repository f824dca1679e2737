#include "dicom/json_read_value.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/bytes.h"
#include "dicom/tag.h"
#include "dicom/values.h"

namespace larmor::dicom {
namespace {

constexpr std::size_t kDecimalSizeMax = 16;  // PS3.5 table 6.2-1, DS

tl::unexpected<Error> not_held(Vr vr) {
    return fail(ErrorCode::InvalidInput, "a value that VR " + to_string(vr) + " cannot hold");
}

template <std::integral T>
void append_little(std::string& out, T number) {
    std::byte bytes[sizeof(T)];
    store_little(bytes, number);
    out += as_text(bytes);
}

template <std::integral T>
Result<void> append_integer(std::string& out, std::string_view text, Vr vr) {
    T number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
        // Also 1.0 and 1e2 are whole numbers.
        const auto whole = parse_integer(text);
        if (!whole || !std::in_range<T>(*whole)) return not_held(vr);
        number = static_cast<T>(*whole);
    }
    append_little(out, number);
    return {};
}

template <typename Float, std::integral Bits>
Result<void> append_float(std::string& out, std::string_view text, Vr vr) {
    using limits = std::numeric_limits<Float>;
    Float number = 0;
    if (text == "NaN") {
        number = limits::quiet_NaN();
    } else if (text == "Infinity" || text == "inf") {
        number = limits::infinity();
    } else if (text == "-Infinity" || text == "-inf") {
        number = -limits::infinity();
    } else {
        if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) {
            return not_held(vr);
        }
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), number);
        if (end != text.data() + text.size() || text.empty()) return not_held(vr);
        if (error != std::errc()) {
            // Too large is an error, too small is nearly nothing.
            const auto wide = parse_decimal(text);
            const bool small = wide ? std::abs(*wide) < 1 : text.find("e-") != text.npos;
            if (!small) return not_held(vr);
            number = text.starts_with('-') ? -Float{0} : Float{0};
            if (wide) number = static_cast<Float>(*wide);
        }
    }
    append_little(out, std::bit_cast<Bits>(number));
    return {};
}

/// The most digits that fit into DS.
std::string shortened(double number) {
    char text[40];
    for (int digits = 17; digits > 0; --digits) {
        const auto end =
            std::to_chars(text, text + sizeof(text), number, std::chars_format::general, digits)
                .ptr;
        const auto size = static_cast<std::size_t>(end - text);
        if (size <= kDecimalSizeMax) return {text, size};
    }
    return "0";
}

Result<void> append_decimal_string(std::string& out, JsonScalar scalar,
                                   JsonReadOptions::LongDecimals long_decimals) {
    const bool shorten = long_decimals == JsonReadOptions::LongDecimals::Shorten;
    if (scalar.is_number && shorten && scalar.text.size() > kDecimalSizeMax) {
        const auto number = parse_decimal(scalar.text);
        if (!number) return not_held(vr::DS);
        out += shortened(*number);
        return {};
    }
    out += scalar.text;
    return {};
}

/// Each character becomes one byte.
Result<void> append_latin1(std::string& out, std::string_view utf8, Vr vr) {
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        if (byte < 0x80) {
            out += utf8[i];
        } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < utf8.size()) {
            ++i;
            out += static_cast<char>((byte & 3U) << 6 |
                                     (static_cast<unsigned char>(utf8[i]) & 0x3fU));
        } else {
            return fail(ErrorCode::InvalidInput,
                        "a character that VR " + to_string(vr) + " does not have");
        }
    }
    return {};
}

}  // namespace

bool is_json_text(Vr vr) {
    return is_known(vr) && !is_binary(vr) && vr != vr::SQ && value_count(Bytes(), vr) == 0 &&
           (splits_at_backslash(vr) || vr == vr::LT || vr == vr::ST || vr == vr::UT ||
            vr == vr::UR);
}

Result<void> append_json_value(std::string& out, JsonScalar scalar, Vr vr,
                               JsonReadOptions::LongDecimals long_decimals) {
    const std::string_view text = scalar.text;
    switch (vr) {
        case vr::US:
            return append_integer<std::uint16_t>(out, text, vr);
        case vr::SS:
            return append_integer<std::int16_t>(out, text, vr);
        case vr::UL:
            return append_integer<std::uint32_t>(out, text, vr);
        case vr::SL:
            return append_integer<std::int32_t>(out, text, vr);
        case vr::UV:
            return append_integer<std::uint64_t>(out, text, vr);
        case vr::SV:
            return append_integer<std::int64_t>(out, text, vr);
        case vr::FL:
            return append_float<float, std::uint32_t>(out, text, vr);
        case vr::FD:
            return append_float<double, std::uint64_t>(out, text, vr);
        case vr::AT: {
            const auto tag = parse_tag(text);
            if (!tag || scalar.is_number) return not_held(vr);
            append_little(out, tag->group);
            append_little(out, tag->element);
            return {};
        }
        case vr::DS:
            if (scalar.is_number) return append_decimal_string(out, scalar, long_decimals);
            return append_latin1(out, text, vr);
        case vr::IS:
            if (scalar.is_number) {
                if (text.find_first_not_of("-0123456789") != std::string_view::npos) {
                    const auto whole = parse_integer(text);
                    if (!whole) return not_held(vr);
                    out += std::to_string(*whole);
                    return {};
                }
                out += text;
                return {};
            }
            return append_latin1(out, text, vr);
        default:
            if (scalar.is_number) return not_held(vr);
            if (!uses_character_set(vr)) return append_latin1(out, text, vr);
            out += text;
            return {};
    }
}

}  // namespace larmor::dicom

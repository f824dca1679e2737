#include "dicom/values.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "dicom/byte_order.h"

namespace larmor::dicom {
namespace {

bool is_padding(char c) {
    return c == ' ' || c == '\0';
}

std::string_view without_trailing_padding(std::string_view text) {
    while (!text.empty() && is_padding(text.back())) text.remove_suffix(1);
    return text;
}
std::string_view without_blanks(std::string_view text) {
    text = without_trailing_padding(text);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    return text;
}

std::string_view trimmed_text(std::string_view text, Vr vr) {
    const bool leading_too = vr == vr::AE || vr == vr::CS || vr == vr::DS || vr == vr::IS;
    return leading_too ? without_blanks(text) : without_trailing_padding(text);
}

/// The bytes of one value, 0 for text.
std::size_t unit_of(Vr vr) {
    if (vr == vr::OB || vr == vr::UN) return 1;
    if (vr == vr::US || vr == vr::SS || vr == vr::OW) return 2;
    if (vr == vr::UL || vr == vr::SL || vr == vr::FL || vr == vr::AT || vr == vr::OL ||
        vr == vr::OF) {
        return 4;
    }
    if (vr == vr::UV || vr == vr::SV || vr == vr::FD || vr == vr::OV || vr == vr::OD) return 8;
    return 0;
}

/// The text between the delimiters at `index`.
std::optional<std::string_view> text_at(Bytes value, Vr vr, std::size_t index) {
    std::string_view rest = trimmed(value, vr);
    if (rest.empty()) return std::nullopt;
    for (; index > 0; --index) {
        const auto delimiter = rest.find('\\');
        if (delimiter == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(delimiter + 1);
    }
    return trimmed_text(rest.substr(0, rest.find('\\')), vr);
}

/// `count` digits at `at`, which moves on.
std::optional<int> digits(std::string_view text, std::size_t& at, std::size_t count) {
    if (at > text.size() || text.size() - at < count) return std::nullopt;
    int value = 0;
    for (; count > 0; --count, ++at) {
        if (text[at] < '0' || text[at] > '9') return std::nullopt;
        value = value * 10 + (text[at] - '0');
    }
    return value;
}

std::optional<Date> date_of(int year, int month, int day) {
    const Date date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                    std::chrono::day(static_cast<unsigned>(day))};
    return date.ok() ? std::optional(date) : std::nullopt;
}

/// `HH[MM[SS[.F{1,6}]]]` from `at` to the end of `text`.
std::optional<std::chrono::microseconds> time_at(std::string_view text, std::size_t at) {
    constexpr std::array<int, 3> kMax{23, 59, 60};  // 60: a leap second
    std::array<int, 3> parts{};
    for (std::size_t i = 0; i < 3 && (i == 0 || at < text.size()); ++i) {
        const auto part = digits(text, at, 2);
        if (!part || *part > kMax[i]) return std::nullopt;
        parts[i] = *part;
        if (i < 2 && at < text.size() && text[at] == ':') ++at;
    }
    std::int64_t micros = 0;
    if (at < text.size()) {
        const std::size_t count = text.size() - at - 1;
        if (text[at] != '.' || count == 0 || count > 6) return std::nullopt;
        ++at;
        const auto fraction = digits(text, at, count);
        if (!fraction) return std::nullopt;
        micros = *fraction;
        for (std::size_t i = count; i < 6; ++i) micros *= 10;
    }
    return std::chrono::hours(parts[0]) + std::chrono::minutes(parts[1]) +
           std::chrono::seconds(parts[2]) + std::chrono::microseconds(micros);
}

}  // namespace

std::string_view trimmed(Bytes value, Vr vr) {
    return trimmed_text(as_text(value), vr);
}

bool splits_at_backslash(Vr vr) {
    return unit_of(vr) == 0 && vr != vr::ST && vr != vr::LT && vr != vr::UT && vr != vr::UR &&
           vr != vr::SQ;
}

std::vector<std::string> texts(Bytes value, Vr vr, CharacterSet character_set) {
    std::vector<std::string> values;
    std::string decoded;
    std::string_view rest = trimmed(value, vr);
    if (rest.empty()) return values;
    // Before parting: a 5C can be half of a character.
    character_set.decode(rest, vr, decoded);
    rest = decoded;
    if (!splits_at_backslash(vr)) {
        values.emplace_back(trimmed_text(rest, vr));
        return values;
    }
    for (;;) {
        const auto delimiter = rest.find('\\');
        values.emplace_back(trimmed_text(rest.substr(0, delimiter), vr));
        if (delimiter == std::string_view::npos) return values;
        rest.remove_prefix(delimiter + 1);
    }
}

std::size_t unit_size(Vr vr) {
    return std::max<std::size_t>(unit_of(vr), 1);
}

std::size_t value_count(Bytes value, Vr vr) {
    if (const std::size_t unit = unit_of(vr); unit != 0) return value.size() / unit;
    const std::string_view text = trimmed(value, vr);
    if (text.empty()) return 0;
    if (!splits_at_backslash(vr)) return 1;
    return 1 + static_cast<std::size_t>(std::ranges::count(text, '\\'));
}

std::optional<std::int64_t> integer(Bytes value, Vr vr, ByteOrder order, std::size_t index) {
    if (vr == vr::IS || vr == vr::DS) {
        const auto text = text_at(value, vr, index);
        return text ? parse_integer(*text) : std::nullopt;
    }
    const std::size_t unit = unit_of(vr);
    const bool is_float = vr == vr::FL || vr == vr::FD || vr == vr::OF || vr == vr::OD;
    if (unit == 0 || is_float || index >= value.size() / unit) return std::nullopt;
    const std::byte* at = value.data() + index * unit;
    if (vr == vr::SS) return load<std::int16_t>(at, order);
    if (vr == vr::SL) return load<std::int32_t>(at, order);
    if (vr == vr::SV) return load<std::int64_t>(at, order);
    if (vr == vr::AT) {
        return static_cast<std::int64_t>(load<std::uint16_t>(at, order)) << 16 |
               load<std::uint16_t>(at + 2, order);
    }
    if (unit == 1) return std::to_integer<std::int64_t>(*at);
    if (unit == 2) return load<std::uint16_t>(at, order);
    if (unit == 4) return load<std::uint32_t>(at, order);
    const auto wide = load<std::uint64_t>(at, order);
    if (wide > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(wide);
}

std::optional<double> decimal(Bytes value, Vr vr, ByteOrder order, std::size_t index) {
    if (vr == vr::DS || vr == vr::IS) {
        const auto text = text_at(value, vr, index);
        return text ? parse_decimal(*text) : std::nullopt;
    }
    const std::size_t unit = unit_of(vr);
    const bool is_float = vr == vr::FL || vr == vr::FD || vr == vr::OF || vr == vr::OD;
    if (!is_float) {
        const auto whole = integer(value, vr, order, index);
        return whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
    }
    if (index >= value.size() / unit) return std::nullopt;
    const std::byte* at = value.data() + index * unit;
    const double number = unit == 4 ? std::bit_cast<float>(load<std::uint32_t>(at, order))
                                    : std::bit_cast<double>(load<std::uint64_t>(at, order));
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<double> parse_decimal(std::string_view text) {
    text = without_blanks(text);
    // from_chars knows no plus sign, but `inf` and `nan`, which DS does not.
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) return std::nullopt;
    }
    if (text.empty() || text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) {
        return std::nullopt;
    }
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    text = without_blanks(text);
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) return std::nullopt;
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && !text.empty() && end == text.data() + text.size())
        return number;
    // `1.0` and `1e2` stand in some files for whole numbers.
    const auto decimal = parse_decimal(text);
    constexpr double kExact = 9007199254740992.0;  // 2^53
    if (!decimal || std::trunc(*decimal) != *decimal || std::abs(*decimal) > kExact) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(*decimal);
}

std::optional<Date> parse_date(std::string_view text) {
    text = without_blanks(text);
    const bool retired = text.size() == 10 && text[4] == '.' && text[7] == '.';
    if (text.size() != 8 && !retired) return std::nullopt;
    std::size_t at = 0;
    const auto year = digits(text, at, 4);
    at += retired ? 1 : 0;
    const auto month = digits(text, at, 2);
    at += retired ? 1 : 0;
    const auto day = digits(text, at, 2);
    if (!year || !month || !day) return std::nullopt;
    return date_of(*year, *month, *day);
}

std::optional<std::chrono::microseconds> parse_time(std::string_view text) {
    return time_at(without_blanks(text), 0);
}

std::optional<DateTime> parse_date_time(std::string_view text) {
    text = without_blanks(text);
    DateTime result;
    if (const auto sign = text.find_first_of("+-"); sign != std::string_view::npos) {
        const std::string_view offset = text.substr(sign);
        std::size_t at = 1;
        const auto hours = digits(offset, at, 2);
        const auto minutes = digits(offset, at, 2);
        if (!hours || !minutes || at != offset.size() || *hours > 14 || *minutes > 59) {
            return std::nullopt;
        }
        const auto distance = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
        result.offset_from_utc = offset[0] == '-' ? -distance : distance;
        text = text.substr(0, sign);
    }
    std::size_t at = 0;
    std::array<int, 3> parts{1, 1, 1};
    for (std::size_t i = 0; i < 3 && (i == 0 || at < text.size()); ++i) {
        const auto part = digits(text, at, i == 0 ? 4 : 2);
        if (!part) return std::nullopt;
        parts[i] = *part;
    }
    const auto date = date_of(parts[0], parts[1], parts[2]);
    if (!date) return std::nullopt;
    result.date = *date;
    if (at < text.size()) {
        const auto time = time_at(text, at);
        if (!time) return std::nullopt;
        result.time = *time;
    }
    return result;
}

PersonName parse_person_name(std::string_view utf8) {
    std::array<std::string_view, 3> groups;
    for (auto& group : groups) {
        const auto delimiter = utf8.find('=');
        group = without_blanks(utf8.substr(0, delimiter));
        if (delimiter == std::string_view::npos) break;
        utf8.remove_prefix(delimiter + 1);
    }
    return {groups[0], groups[1], groups[2]};
}

std::array<std::string_view, 5> person_name_components(std::string_view group) {
    std::array<std::string_view, 5> components;
    for (auto& component : components) {
        const auto delimiter = group.find('^');
        component = without_blanks(group.substr(0, delimiter));
        if (delimiter == std::string_view::npos) break;
        group.remove_prefix(delimiter + 1);
    }
    return components;
}

}  // namespace larmor::dicom

#include "events/json_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace larmor::events {
namespace {

constexpr std::size_t kExponentDigitsMax = 9;

/// Takes the digits at the front of `text`.
std::string_view take_digits(std::string_view& text) {
    std::size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
    const std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
}

bool take(std::string_view& text, char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

std::optional<std::int64_t> take_exponent(std::string_view& text) {
    if (!take(text, 'e') && !take(text, 'E')) return 0;
    const bool is_negative = take(text, '-');
    if (!is_negative) take(text, '+');
    const std::string_view digits = take_digits(text);
    if (digits.empty() || digits.size() > kExponentDigitsMax) return std::nullopt;
    std::int64_t exponent = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    return is_negative ? -exponent : exponent;
}

}  // namespace

bool write_canonical_number(std::string_view text, std::string& out) {
    out.clear();
    const bool is_negative = take(text, '-');
    const std::string_view whole = take_digits(text);
    if (whole.empty() || (whole.size() > 1 && whole[0] == '0')) return false;
    std::string_view fraction;
    if (take(text, '.')) {
        fraction = take_digits(text);
        if (fraction.empty()) return false;
    }
    auto exponent = take_exponent(text);
    if (!exponent || !text.empty()) return false;

    if (is_negative) out += '-';
    const std::size_t start = out.size();
    out += whole;
    out += fraction;
    out.erase(start, std::min(out.find_first_not_of('0', start), out.size()) - start);
    if (out.size() == start) {
        out = "0";
        return true;
    }
    *exponent -= static_cast<std::int64_t>(fraction.size());
    const std::size_t last = out.find_last_not_of('0');
    *exponent += static_cast<std::int64_t>(out.size() - 1 - last);
    out.resize(last + 1);
    if (*exponent != 0) {
        out += 'e';
        out += std::to_string(*exponent);
    }
    return true;
}

double to_double(std::string_view canonical) {
    double value = 0;
    const auto [stop, error] =
        std::from_chars(canonical.data(), canonical.data() + canonical.size(), value);
    if (error != std::errc::result_out_of_range) return value;
    // Nothing says whether it is too large or too near to zero: count its digits.
    const bool is_negative = canonical.starts_with('-');
    const std::string_view digits = canonical.substr(is_negative ? 1 : 0);
    const std::size_t e = std::min(digits.find('e'), digits.size());
    std::int64_t exponent = 0;
    if (e < digits.size()) {
        std::from_chars(digits.data() + e + 1, digits.data() + digits.size(), exponent);
    }
    const bool is_large = exponent + static_cast<std::int64_t>(e) > 0;
    const double size = is_large ? HUGE_VAL : 0.0;
    return is_negative ? -size : size;
}

}  // namespace larmor::events

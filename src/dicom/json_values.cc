#include "dicom/json_values.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "dicom/byte_order.h"
#include "dicom/charset.h"
#include "dicom/values.h"

namespace larmor::dicom {
namespace {

void put_escaped(JsonOut& out, unsigned char c) {
    switch (c) {
        case '"':
            out.put("\\\"");
            return;
        case '\\':
            out.put("\\\\");
            return;
        case '\n':
            out.put("\\n");
            return;
        case '\r':
            out.put("\\r");
            return;
        case '\t':
            out.put("\\t");
            return;
        case '\f':
            out.put("\\f");
            return;
        default:
            out.put("\\u00");
            out.put("0123456789ABCDEF"[c >> 4]);
            out.put("0123456789ABCDEF"[c & 15]);
    }
}

bool is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/// Copies 16 bytes and returns a bit for each that is not plain.
unsigned copy_and_test(char* to, const char* from) {
#if defined(__SSE2__)
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
    // Signed: bytes over 7F are below 20, too.
    const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return static_cast<unsigned>(
        _mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, backslash))));
#else
    std::memcpy(to, from, 16);
    unsigned mask = 0;
    for (unsigned i = 0; i < 16; ++i) {
        mask |= (is_plain(static_cast<unsigned char>(from[i])) ? 0U : 1U) << i;
    }
    return mask;
#endif
}

/// Writes the characters of `text` up to its end or to the first that needs another look: 5C, a
/// byte over 7F, ESC. Returns how many bytes went in.
std::size_t put_ascii(JsonOut& out, std::string_view text, std::size_t readable) {
    const char* const begin = text.data();
    const char* from = begin;
    std::size_t left = text.size();
    std::size_t touchable = left + readable;
    while (left > 0) {
        out.reserve(16);
        unsigned mask = 0;
        std::size_t count = 0;
        if (touchable >= 16) {
            mask = copy_and_test(out.at, from);
        } else {
            std::array<char, 16> padded{};
            std::memcpy(padded.data(), from, left);
            mask = copy_and_test(out.at, padded.data());
        }
        if (left < 16) mask |= 1U << left;
        count = mask == 0 ? 16 : static_cast<std::size_t>(std::countr_zero(mask));
        out.at += count;
        from += count;
        left -= count;
        touchable -= count;
        if (mask == 0 || left == 0) continue;
        const auto c = static_cast<unsigned char>(*from);
        if (c == '\\' || c >= 0x80 || c == 0x1b) break;
        put_escaped(out, c);
        ++from;
        --left;
        --touchable;
    }
    return static_cast<std::size_t>(from - begin);
}

/// The same for UTF-8, which stops at 5C only.
std::size_t put_utf8(JsonOut& out, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == '\\') return i;
        out.reserve(6);
        if (is_plain(c) || c >= 0x80) {
            out.put(text[i]);
        } else {
            put_escaped(out, c);
        }
    }
    return text.size();
}

/// How many bytes of `text` are digits from `at` on.
std::size_t digits_from(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    return end - at;
}

/// The parts of a number as DICOM writes it: sign, digits, point, digits, exponent, of which
/// most may be missing.
struct DecimalParts {
    bool negative = false;
    std::string_view whole, fraction;
    std::string_view exponent;  ///< with its sign
};

std::optional<DecimalParts> split_decimal(std::string_view text) {
    DecimalParts parts;
    std::size_t at = 0;
    const auto sign = [&] {
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) return text[at++];
        return '\0';
    };
    const auto take = [&] {
        const std::size_t count = digits_from(text, at);
        at += count;
        return text.substr(at - count, count);
    };
    parts.negative = sign() == '-';
    parts.whole = take();
    if (at < text.size() && text[at] == '.') {
        ++at;
        parts.fraction = take();
    }
    if (parts.whole.empty() && parts.fraction.empty()) return std::nullopt;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        const std::size_t begin = ++at;
        sign();
        if (take().empty()) return std::nullopt;
        parts.exponent = text.substr(begin, at - begin);
    }
    return at == text.size() ? std::optional(parts) : std::nullopt;
}

/// A string for what is no number: Latin-1, as all text outside of character sets.
void put_as_string(JsonOut& out, std::string_view text) {
    std::string utf8;
    CharacterSet().decode(text, vr::DS, utf8);
    out.put('"');
    std::string_view rest = utf8;
    for (;;) {
        rest.remove_prefix(put_utf8(out, rest));
        out.reserve(4);
        if (rest.empty()) break;
        out.put("\\\\");
        rest.remove_prefix(1);
    }
    out.put('"');
}

/// Digits of an integer that 64 bits surely hold.
constexpr std::size_t kWholeDigitsMax = 18;

template <typename Float>
void put_floating(JsonOut& out, Float value) {
    if (std::isnan(value)) {
        out.put("\"NaN\"");
    } else if (std::isinf(value)) {
        if (value < 0) {
            out.put("\"-Infinity\"");
        } else {
            out.put("\"Infinity\"");
        }
    } else if (value == 0 && std::signbit(value)) {
        out.put("-0.0");  // `-0` is an integer for some readers, and 0
    } else {
        const char* const begin = out.at;
        out.at = std::to_chars(out.at, out.at + 32, value).ptr;
        // Digits alone are an integer, and one that 64 bits do not hold breaks readers.
        const std::string_view digits(begin, static_cast<std::size_t>(out.at - begin));
        const bool is_whole = digits.find_first_of(".e") == std::string_view::npos;
        if (is_whole && digits.size() > kWholeDigitsMax) out.put(".0");
    }
}

void put_decimal_string(JsonOut& out, std::string_view text) {
    out.reserve(text.size() + 4);
    if (text.empty()) return out.put("null");
    const auto parts = split_decimal(text);
    // Long or with an exponent, it may be beyond what a double holds, and then breaks readers.
    const bool finite =
        parts && ((text.size() < 300 && parts->exponent.empty()) || parse_decimal(text) ||
                  std::abs(std::strtod(std::string(text).c_str(), nullptr)) < 1);
    const bool too_whole = finite && parts->fraction.empty() && parts->exponent.empty() &&
                           parts->whole.size() > kWholeDigitsMax;
    if (!finite || too_whole) return put_as_string(out, text);
    if (parts->negative) out.put('-');
    std::string_view whole = parts->whole;
    while (whole.size() > 1 && whole.front() == '0') whole.remove_prefix(1);
    if (whole.empty()) out.put('0');
    out.put(whole);
    if (!parts->fraction.empty()) {
        out.put('.');
        out.put(parts->fraction);
    }
    if (!parts->exponent.empty()) {
        out.put('e');
        out.put(parts->exponent);
    }
}

void put_integer_string(JsonOut& out, std::string_view text) {
    out.reserve(text.size() + 24);
    if (text.empty()) return out.put("null");
    const std::size_t sign = text.front() == '-' ? 1 : 0;
    const std::size_t digits = digits_from(text, sign);
    const bool canonical = digits > 0 && digits + sign == text.size() &&
                           digits <= kWholeDigitsMax && (text[sign] != '0' || text.size() == 1);
    if (canonical) return out.put(text);
    const auto number = parse_integer(text);
    if (!number) return put_as_string(out, text);
    out.at = std::to_chars(out.at, out.at + 24, *number).ptr;
}

constexpr std::string_view kOpen = ",\"Value\":[";

/// Ends a JSON string that began at `begin`: without blanks at its end, null where none is
/// left.
void end_string(JsonOut& out, std::size_t begin) {
    out.reserve(8);
    const char* const start = out.at - (out.size() - begin);
    while (out.at > start && out.at[-1] == ' ') --out.at;
    if (out.at != start) return out.put('"');
    --out.at;
    out.put("null");
}

/// The values of `text`, whose runs up to the next 5C `put_run` writes. False when it stopped
/// at something else.
template <typename PutRun>
bool put_values(JsonOut& out, std::string_view text, TextRules rules, PutRun&& put_run) {
    if (text.empty()) return true;
    out.reserve(kOpen.size() + 1);
    out.put(kOpen);
    for (;;) {
        out.put('"');
        const std::size_t begin = out.size();
        while (rules.trims_front && text.starts_with(' ')) text.remove_prefix(1);
        for (;;) {
            text.remove_prefix(put_run(text));
            if (text.empty() || text.front() != '\\' || rules.splits) break;
            text.remove_prefix(1);
            out.reserve(2);
            out.put("\\\\");
        }
        end_string(out, begin);
        if (text.empty()) break;
        if (text.front() != '\\') return false;
        text.remove_prefix(1);
        out.put(',');
    }
    out.put(']');
    return true;
}

template <typename Put>
void put_array(JsonOut& out, Bytes value, std::size_t unit, Put&& put) {
    const std::size_t count = value.size() / unit;
    if (count == 0) return;
    out.reserve(kOpen.size());
    out.put(kOpen);
    for (std::size_t i = 0; i < count; ++i) {
        out.reserve(40);
        put(value.data() + i * unit);
        out.put(',');
    }
    out.at[-1] = ']';
}

template <std::integral T>
void put_integers(JsonOut& out, Bytes value, ByteOrder order) {
    put_array(out, value, sizeof(T), [&](const std::byte* from) {
        out.at = std::to_chars(out.at, out.at + 24, load<T>(from, order)).ptr;
    });
}

/// `{"Alphabetic":"..."}` of one name; null where it is empty.
void put_name(JsonOut& out, std::string_view name) {
    constexpr std::array<std::string_view, 3> kGroups{"\"Alphabetic\":\"", "\"Ideographic\":\"",
                                                      "\"Phonetic\":\""};
    out.reserve(8);
    out.put('{');
    for (const std::string_view key : kGroups) {
        const std::size_t end = std::min(name.find('='), name.size());
        std::string_view group = name.substr(0, end);
        while (group.ends_with(' ')) group.remove_suffix(1);
        if (!group.empty()) {
            out.reserve(key.size() + 2);
            out.put(key);
            put_utf8(out, group);
            out.reserve(8);
            out.put("\",");
        }
        if (end == name.size()) break;
        name.remove_prefix(end + 1);
    }
    if (out.at[-1] == ',') {
        out.at[-1] = '}';
    } else {
        --out.at;
        out.put("null");
    }
}

}  // namespace

bool put_ascii_values(JsonOut& out, std::string_view text, std::size_t readable,
                      TextRules rules) {
    const char* const readable_end = text.data() + text.size() + readable;
    return put_values(out, text, rules, [&](std::string_view run) {
        return put_ascii(out, run,
                         static_cast<std::size_t>(readable_end - run.data()) - run.size());
    });
}

void put_utf8_values(JsonOut& out, std::string_view utf8, TextRules rules) {
    put_values(out, utf8, rules, [&](std::string_view run) { return put_utf8(out, run); });
}

void put_names(JsonOut& out, std::string_view utf8) {
    if (utf8.empty()) return;
    out.reserve(kOpen.size());
    out.put(kOpen);
    for (;;) {
        const std::size_t end = std::min(utf8.find('\\'), utf8.size());
        put_name(out, utf8.substr(0, end));
        out.reserve(8);
        if (end == utf8.size()) break;
        out.put(',');
        utf8.remove_prefix(end + 1);
    }
    out.put(']');
}

void put_number_strings(JsonOut& out, std::string_view text, Vr vr) {
    if (text.empty()) return;
    out.reserve(kOpen.size());
    out.put(kOpen);
    for (;;) {
        const std::size_t end = std::min(text.find('\\'), text.size());
        const std::string_view value = trimmed(as_bytes(text.substr(0, end)), vr);
        if (vr == vr::DS) {
            put_decimal_string(out, value);
        } else {
            put_integer_string(out, value);
        }
        out.reserve(8);
        if (end == text.size()) break;
        out.put(',');
        text.remove_prefix(end + 1);
    }
    out.put(']');
}

void put_numbers(JsonOut& out, Bytes value, Vr vr, ByteOrder order) {
    if (vr == vr::US) return put_integers<std::uint16_t>(out, value, order);
    if (vr == vr::SS) return put_integers<std::int16_t>(out, value, order);
    if (vr == vr::UL) return put_integers<std::uint32_t>(out, value, order);
    if (vr == vr::SL) return put_integers<std::int32_t>(out, value, order);
    if (vr == vr::UV) return put_integers<std::uint64_t>(out, value, order);
    if (vr == vr::SV) return put_integers<std::int64_t>(out, value, order);
    if (vr == vr::FL) {
        return put_array(out, value, 4, [&](const std::byte* from) {
            put_floating(out, std::bit_cast<float>(load<std::uint32_t>(from, order)));
        });
    }
    put_array(out, value, 8, [&](const std::byte* from) {
        put_floating(out, std::bit_cast<double>(load<std::uint64_t>(from, order)));
    });
}

void put_tags(JsonOut& out, Bytes value, ByteOrder order) {
    put_array(out, value, 4, [&](const std::byte* from) {
        out.put('"');
        out.put_hex(static_cast<std::uint32_t>(load<std::uint16_t>(from, order)) << 16 |
                    load<std::uint16_t>(from + 2, order));
        out.put('"');
    });
}

}  // namespace larmor::dicom

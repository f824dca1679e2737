#include "base/json_text.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace larmor {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;

/// True where one of eight bytes is below `limit`, which is at most 0x80.
constexpr bool any_below(std::uint64_t word, std::uint64_t limit) {
    return ((word - kOnes * limit) & ~word & (kOnes * 0x80)) != 0;
}
constexpr bool any_is(std::uint64_t word, char c) {
    return any_below(word ^ (kOnes * static_cast<unsigned char>(c)), 1);
}

/// Where the first eight bytes begin of which one may need an escape: answers of a search are
/// mostly text that needs none.
std::size_t skip_plain_words(std::string_view text, std::size_t begin) {
    std::uint64_t word = 0;
    while (text.size() - begin >= sizeof word) {
        std::memcpy(&word, text.data() + begin, sizeof word);
        if (any_below(word, 0x20) || any_is(word, '"') || any_is(word, '\\')) break;
        begin += sizeof word;
    }
    return begin;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += '"';
    std::size_t plain = 0;  // start of the run that needs no escape
    for (std::size_t i = 0; i < text.size(); ++i) {
        i = skip_plain_words(text, i);
        if (i == text.size()) break;
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out.append(text, plain, i - plain);
        plain = i + 1;
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                out += "\\u00";
                out += kDigits[c >> 4];
                out += kDigits[c & 15];
        }
    }
    out.append(text, plain, text.size() - plain);
    out += '"';
}

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        const std::size_t count = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        if (lead < 0xc2 || lead > 0xf4 || text.size() - i < count) return false;
        std::uint32_t point = lead & (0xffU >> (count + 1));
        for (std::size_t k = 1; k < count; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xc0) != 0x80) return false;
            point = point << 6 | (next & 0x3fU);
        }
        const bool overlong = (count == 3 && point < 0x800) || (count == 4 && point < 0x10000);
        if (overlong || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
        i += count;
    }
    return true;
}

}  // namespace larmor

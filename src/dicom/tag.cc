#include "dicom/tag.h"

#include <array>

namespace larmor::dicom {

namespace {

constexpr std::array<char, 16> kDigits{'0', '1', '2', '3', '4', '5', '6', '7',
                                       '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'};

void append_hex(std::string& out, std::uint16_t value, const std::array<char, 16>& digits) {
    for (int shift = 12; shift >= 0; shift -= 4) {
        out += digits[(value >> shift) & 0xfU];
    }
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

}  // namespace

std::string to_string(Tag tag) {
    // Lower case, as dcmdump prints them.
    static constexpr std::array<char, 16> kLower{'0', '1', '2', '3', '4', '5', '6', '7',
                                                 '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
    std::string out = "(";
    append_hex(out, tag.group, kLower);
    out += ',';
    append_hex(out, tag.element, kLower);
    out += ')';
    return out;
}

std::string to_json_key(Tag tag) {
    std::string out;
    append_hex(out, tag.group, kDigits);
    append_hex(out, tag.element, kDigits);
    return out;
}

Result<Tag> parse_tag(std::string_view text) {
    const std::string_view whole = text;
    if (text.size() == 11 && text.front() == '(' && text[5] == ',' && text.back() == ')') {
        text = text.substr(1, 9);
    }
    std::uint32_t value = 0;
    unsigned digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.size() == 9 && i == 4 && whole.size() == 11) continue;  // the comma
        const int digit = digit_of(text[i]);
        if (digit < 0 || digits == 8) {
            digits = 0;
            break;
        }
        value = value << 4 | static_cast<std::uint32_t>(digit);
        ++digits;
    }
    if (digits != 8) {
        return fail(ErrorCode::InvalidInput,
                    "a tag is 8 hexadecimal digits or (gggg,eeee), not " +
                        std::to_string(whole.size()) + " other characters");
    }
    return Tag::from(value);
}

}  // namespace larmor::dicom

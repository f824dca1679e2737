#include "base/base64.h"

#include <array>

namespace larmor {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_values() {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}

}  // namespace

void append_base64(std::string& out, Bytes bytes) {
    const std::size_t start = out.size();
    out.resize(start + (bytes.size() + 2) / 3 * 4);
    char* to = out.data() + start;
    const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(bytes[i]); };
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
        *to++ = kAlphabet[three >> 18];
        *to++ = kAlphabet[three >> 12 & 63];
        *to++ = kAlphabet[three >> 6 & 63];
        *to++ = kAlphabet[three & 63];
    }
    if (const std::size_t left = bytes.size() - i; left > 0) {
        const std::uint32_t rest = at(i) << 16 | (left == 2 ? at(i + 1) << 8 : 0);
        *to++ = kAlphabet[rest >> 18];
        *to++ = kAlphabet[rest >> 12 & 63];
        *to++ = left == 2 ? kAlphabet[rest >> 6 & 63] : '=';
        *to++ = '=';
    }
}

Result<ByteBuffer> from_base64(std::string_view text) {
    static constexpr auto kValues = make_values();
    if (text.size() % 4 != 0)
        return invalid_at(text.size(), "base64 text is not a multiple of four");
    ByteBuffer bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        const std::size_t padding = !last                                      ? 0
                                    : text[i + 2] == '=' && text[i + 3] == '=' ? 2
                                    : text[i + 3] == '='                       ? 1
                                                                               : 0;
        std::uint32_t four = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const int value =
                k >= 4 - padding ? 0 : kValues[static_cast<unsigned char>(text[i + k])];
            if (value < 0) return invalid_at(i + k, "not a base64 character");
            four = four << 6 | static_cast<std::uint32_t>(value);
        }
        for (std::size_t k = 0; k < 3 - padding; ++k) {
            bytes.push_back(static_cast<std::byte>(four >> (16 - 8 * k)));
        }
    }
    return bytes;
}

std::string to_base64url(Bytes bytes) {
    std::string text = to_base64(bytes);
    while (!text.empty() && text.back() == '=') text.pop_back();
    for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return text;
}

}  // namespace larmor

#include "base/percent.h"

#include "base/hash.h"

namespace larmor {

Result<std::string> percent_decode(std::string_view text, PlusIsSpace plus) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus == PlusIsSpace::Yes) {
            decoded += ' ';
        } else if (text[i] != '%') {
            decoded += text[i];
        } else {
            if (text.size() - i < 3) return invalid_at(i, "cut percent escape");
            const auto byte = from_hex(text.substr(i + 1, 2));
            if (!byte || byte->front() == std::byte{0})
                return invalid_at(i, "wrong percent escape");
            decoded += static_cast<char>(byte->front());
            i += 2;
        }
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (const char c : text) {
        const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                                (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                                c == '~';
        if (unreserved) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += kDigits[static_cast<unsigned char>(c) >> 4];
            encoded += kDigits[static_cast<unsigned char>(c) & 15];
        }
    }
    return encoded;
}

}  // namespace larmor

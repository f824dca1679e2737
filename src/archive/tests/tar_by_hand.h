#pragma once
#include <cstdio>
#include <string>
#include <string_view>

namespace larmor::archive {

inline std::string with_checksum(std::string block) {
    block.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char c : block) {
        sum += static_cast<unsigned char>(c);
    }
    char field[8];
    std::snprintf(field, sizeof field, "%06o", sum);
    return block.replace(148, 7, std::string_view(field, 7));
}
/// A header as the standard describes it, for what no tool writes.
inline std::string header(std::string_view name, std::string_view size_field, char type) {
    std::string block(512, '\0');
    const auto put = [&](std::size_t at, std::string_view text) {
        block.replace(at, text.size(), text);
    };
    put(0, name);
    put(100, "0000644");
    put(124, size_field);
    block[156] = type;
    put(257, std::string_view("ustar\00000", 8));
    return with_checksum(std::move(block));
}
inline std::string padded(std::string text) {
    text.resize((text.size() + 511) / 512 * 512);
    return text;
}
inline const std::string kEnd(1024, '\0');

}  // namespace larmor::archive

#include "base/xml_text.h"

namespace larmor {
namespace {

/// What stands for a byte; empty for one that stands for itself.
std::string_view entity_of(char c) {
    switch (c) {
        case '&':
            return "&amp;";
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        case '"':
            return "&quot;";
        case '\'':
            return "&apos;";
        case '\t':
            return "&#9;";
        case '\n':
            return "&#10;";
        case '\r':
            return "&#13;";
        default:
            return static_cast<unsigned char>(c) < 0x20 ? "\xef\xbf\xbd" : "";
    }
}

}  // namespace

void append_xml_text(std::string& out, std::string_view text) {
    std::size_t copied = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string_view entity = entity_of(text[i]);
        std::size_t width = 1;
        // U+FFFE and U+FFFF are no characters either.
        if (text[i] == '\xef' && i + 2 < text.size() && text[i + 1] == '\xbf' &&
            static_cast<unsigned char>(text[i + 2]) >= 0xbe) {
            entity = "\xef\xbf\xbd";
            width = 3;
        }
        if (!entity.empty()) {
            out.append(text.substr(copied, i - copied)).append(entity);
            i += width - 1;
            copied = i + 1;
        }
    }
    out.append(text.substr(copied));
}

}  // namespace larmor

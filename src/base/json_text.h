#pragma once
#include <string>
#include <string_view>

namespace larmor {

/// Appends `text` as a JSON string with its quotes (RFC 8259 section 7). Takes UTF-8 as it is:
/// whoever calls has checked it.
void append_json_string(std::string& out, std::string_view text);
inline std::string to_json_string(std::string_view text) {
    std::string quoted;
    append_json_string(quoted, text);
    return quoted;
}

/// True for well-formed UTF-8 (RFC 3629): no surrogates, no overlong forms.
bool is_utf8(std::string_view text);

}  // namespace larmor

#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace larmor {

/// The size of `count` bytes in base64 with padding.
constexpr std::size_t base64_size(std::size_t count) {
    return (count + 2) / 3 * 4;
}
/// Writes the standard alphabet with padding (RFC 4648 section 4) to `to`, which has room for
/// `base64_size` characters; returns its end. 16 bytes a step where the machine has SSSE3.
char* write_base64(char* to, Bytes bytes);
/// The same, appended to `out`.
void append_base64(std::string& out, Bytes bytes);
inline std::string to_base64(Bytes bytes) {
    std::string text;
    append_base64(text, bytes);
    return text;
}
/// Strict: no white space, full padding. Errors: InvalidInput with the place.
Result<ByteBuffer> from_base64(std::string_view text);

/// URL-safe alphabet without padding (RFC 4648 section 5): for tokens and links.
std::string to_base64url(Bytes bytes);

}  // namespace larmor

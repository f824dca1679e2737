#pragma once
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace larmor {

/// Standard alphabet with padding (RFC 4648 section 4), appended to `out`.
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

#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor {

enum class PlusIsSpace : bool { No, Yes };

/// Decodes %XX (RFC 3986 section 2.1); in a query of a form `+` is a space.
/// Errors: InvalidInput for a cut or wrong escape, and for %00.
Result<std::string> percent_decode(std::string_view text, PlusIsSpace plus = PlusIsSpace::No);
/// Encodes everything but the unreserved characters (RFC 3986 section 2.3), in upper-case hex.
std::string percent_encode(std::string_view text);

}  // namespace larmor

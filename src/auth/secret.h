#pragma once
#include <string>
#include <string_view>

#include "base/hash.h"

namespace larmor::auth {

/// A new secret: `larmor_` and 256 random bits in URL-safe base64. The fixed start lets people
/// and secret scanners recognise a leaked one.
std::string make_secret();

/// What is stored and compared instead of the secret. One round of SHA-256 is enough: nobody
/// can guess 256 random bits, so there is nothing for a slow hash to protect.
Sha256 hash_of_secret(std::string_view secret);

/// What a person may type as the lifetime of a token: `30d`, `12h`, `45m`, `90s`. In seconds.
/// Errors: InvalidInput; LimitExceeded over ten years.
Result<std::int64_t> parse_lifetime_s(std::string_view text);

}  // namespace larmor::auth

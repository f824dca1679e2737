#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor::http {

inline constexpr std::size_t kUrlMaxBytes = 2048;

/// Where a request goes.
struct Url {
    bool is_tls = false;
    std::string host;  ///< a name or a numeric address; one of IPv6 without its brackets
    std::uint16_t port = 0;
    std::string target;  ///< path and query, from `/` on
};

/// An absolute `http` or `https` URL (RFC 3986) of at most kUrlMaxBytes visible ASCII
/// characters, with a host, without user and fragment. Errors: InvalidInput.
Result<Url> parse_url(std::string_view text);

}  // namespace larmor::http

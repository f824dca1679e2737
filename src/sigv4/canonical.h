#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace larmor::sigv4 {

struct Header {
    std::string name;  ///< in any case
    std::string value;
};

/// A request as it is on the wire, of whoever signs it and of whoever verifies it.
struct Request {
    std::string method;
    std::string path;               ///< from `/` on, percent-encoded
    std::string query{};            ///< what follows the `?`, percent-encoded
    std::vector<Header> headers{};  ///< a name may come more than once
};

enum class PathRule : std::uint8_t {
    ObjectKey,   ///< of S3: `a//b/../c` is a key and stays as it is
    Normalized,  ///< of other services: dot segments and empty ones are taken out
};

/// What stands in the place of a body's hash where it is not part of the signature (S3).
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
/// Where each chunk of the body has a signature of its own (S3): see ChunkSigner.
inline constexpr std::string_view kStreamingPayload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

/// The text whose hash is signed. `signed_headers` are lower-case names in order, `payload` is
/// the SHA-256 of the body in hexadecimal or one of the constants above. A parameter
/// `X-Amz-Signature` is left out: it is the signature of a presigned request.
/// Errors: InvalidInput for a wrong percent escape, and when a signed header is missing.
/// Source: AWS Identity and Access Management User Guide, "Create a signed AWS API request".
Result<std::string> canonical_request(const Request& request,
                                      const std::vector<std::string>& signed_headers,
                                      std::string_view payload, PathRule path_rule);

/// The names of all headers, lower-case, in order, each once.
std::vector<std::string> header_names(const Request& request);

/// `a;b;c`
std::string joined(const std::vector<std::string>& names);

/// The values of the header `name` (lower-case), trimmed, runs of blanks as one, joined by
/// commas; empty where there is none.
std::string header_value(const Request& request, std::string_view name);

/// `20130524T000000Z`, in UTC.
std::string to_amz_date(Time time);
/// Errors: InvalidInput.
Result<Time> parse_amz_date(std::string_view text);

}  // namespace larmor::sigv4

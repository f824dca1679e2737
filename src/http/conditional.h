#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "http/message.h"

namespace larmor::http {

/// `"<text>"`: a strong entity tag; `text` has no quotes or control characters (a hash).
std::string etag_of(std::string_view text);

/// Whether a comma-separated If-None-Match or If-Match field names this tag or is `*`. If-None-
/// Match compares weakly, If-Match strongly. Source: RFC 9110 sections 8.8.3.2, 13.1.
bool etag_matches_weakly(std::string_view field, std::string_view etag);
bool etag_matches_strongly(std::string_view field, std::string_view etag);

struct NoRange {};             ///< send everything
struct UnsatisfiableRange {};  ///< 416
/// What `Range: bytes=...` asks of a body of `length` bytes. Several ranges, another unit or a
/// malformed field are NoRange: a server may ignore Range. Source: RFC 9110 section 14.
std::variant<NoRange, UnsatisfiableRange, ByteRange> parse_range(std::string_view field,
                                                                 std::uint64_t length);

/// The last step of a GET handler: takes the response of status 200 for the whole
/// representation and makes a 304 of it (If-None-Match, by its ETag), a 206 or 416 (Range,
/// If-Range; only where the length is known and no generator is used), or 412 (If-Match). Adds
/// Accept-Ranges. Parts are cut without copying. `request_headers` and `method` are those of
/// the request.
Response with_conditions(Method method, const Headers& request_headers, Response response);

}  // namespace larmor::http

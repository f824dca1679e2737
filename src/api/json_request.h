#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace larmor::api {

/// Of such a body, in bytes.
inline constexpr std::uint64_t kSmallJsonMaxBytes = 16 * 1024;

/// The members of a flat JSON object whose values are texts.
using TextMembers = std::map<std::string, std::string, std::less<>>;

/// Reads an object that has exactly the members in `names`, all texts. Errors: InvalidInput
/// that names the member.
Result<TextMembers> parse_text_members(std::string_view json,
                                       const std::vector<std::string_view>& names);

/// The body of a request as JSON text, or the answer to one that is none: 415 where it is not
/// said to be application/json (a form of another site can't say so without being asked first
/// by the browser), 413. The request must stay where it is until this has ended.
http::Task<tl::expected<std::string, http::Response>> read_json_body(
    const http::Request& request, std::uint64_t max_bytes);

/// The same as a small object of texts; 400 where it is none. Both arguments must stay where
/// they are until this has ended.
http::Task<tl::expected<TextMembers, http::Response>> read_text_members(
    const http::Request& request, const std::vector<std::string_view>& names);

}  // namespace larmor::api

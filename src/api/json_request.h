#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace larmor::api {

inline constexpr std::uint64_t kSmallJsonMaxBytes = 16 * 1024;

/// The members of a flat JSON object whose values are texts.
using TextMembers = std::map<std::string, std::string, std::less<>>;

/// Errors: InvalidInput where the body is not said to be application/json. A form of another
/// site can't say so without being asked first by the browser.
Result<void> check_is_json(const http::Request& request);

/// Reads an object that has exactly the members in `names`, all texts. Errors: InvalidInput
/// that names the member.
Result<TextMembers> parse_text_members(std::string_view json,
                                       const std::vector<std::string_view>& names);

}  // namespace larmor::api

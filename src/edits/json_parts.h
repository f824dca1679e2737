#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace larmor::edits {

/// A member of a JSON object: the key without its quotes, both as they stand in the text.
struct JsonMember {
    std::string_view key;
    std::string_view value;
};

/// The parts of JSON that we wrote ourselves, without a tree, so that what is not changed goes
/// on as it stands (numbers keep their digits). Views live as long as the text. Errors: Corrupt
/// where brackets, quotes, commas and colons are not as they must be.
Result<std::vector<JsonMember>> members_of(std::string_view object);
Result<std::vector<std::string_view>> items_of(std::string_view array);

/// The value of a member; nothing where there is none.
std::optional<std::string_view> find_member(const std::vector<JsonMember>& members,
                                            std::string_view key);

}  // namespace larmor::edits

#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/rules.h"

namespace larmor::api {

/// Appends
/// `{"name":..,"version":..,"updated":..,"enabled":..,"pattern":{..},"targets":[{"queue":
/// ".."},{"webhook":".."}]}`.
void append_rule_json(std::string& json, const events::Rule& rule);

struct RuleRequest {
    events::RuleDraft draft;  ///< without its name
    std::optional<std::int64_t>
        version{};  ///< of the rule that is to be changed; none: a new one
};

/// Reads the members `pattern`, `targets`, and where they are given `enabled` and `version`.
/// Errors: InvalidInput that names the member.
Result<RuleRequest> parse_rule_request(std::string_view json);

}  // namespace larmor::api

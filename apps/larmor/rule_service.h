#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "larmor/command.h"

namespace larmor {

/// The rules of a library, as JSON (see api/rule_json.h).
class RuleService {
public:
    virtual ~RuleService() = default;
    /// One object each, by name.
    virtual Result<std::vector<std::string>> list() = 0;
    /// Nothing where there is no such rule.
    virtual Result<std::optional<std::int64_t>> version_of(const std::string& name) = 0;
    /// `body` as PUT /v1/rules/{rule} takes it; gives the rule. Errors: InvalidInput, Conflict.
    virtual Result<std::string> put(const std::string& name, const std::string& body) = 0;
    /// Errors: NotFound, Conflict.
    virtual Result<void> remove(const std::string& name,
                                std::optional<std::int64_t> version) = 0;
};

/// Opens the library itself; where a server has it open, goes through that server.
Result<std::unique_ptr<RuleService>> open_rule_service(const Settings& settings);

}  // namespace larmor

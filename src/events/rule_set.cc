#include "events/rule_set.h"

#include <string>

#include "events/rule_set_internal.h"

namespace larmor::events {

RuleSet::RuleSet() : compiled_(std::make_unique<Compiled>()) {}
RuleSet::~RuleSet() = default;
RuleSet::RuleSet(RuleSet&&) noexcept = default;
RuleSet& RuleSet::operator=(RuleSet&&) noexcept = default;

Result<RuleSet> RuleSet::compile(std::span<const Pattern> patterns) {
    auto compiled = std::make_unique<Compiled>();
    for (std::uint32_t rule = 0; rule < patterns.size(); ++rule) {
        for (const auto& alternative : patterns[rule].alternatives) {
            const auto id = static_cast<std::uint32_t>(compiled->rules.size());
            if (id >= kRuleSetAlternativesMax) {
                return fail(ErrorCode::LimitExceeded,
                            "the rules have more than " +
                                std::to_string(kRuleSetAlternativesMax) +
                                " combinations together");
            }
            compiled->rules.push_back(rule);
            for (const std::uint32_t condition : alternative) {
                compiled->fields.add(patterns[rule].conditions[condition], id);
            }
        }
    }
    compiled->fields.freeze(compiled->words());
    RuleSet set;
    set.compiled_ = std::move(compiled);
    return set;
}

}  // namespace larmor::events

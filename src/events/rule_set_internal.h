#pragma once
#include <cstdint>
#include <vector>

#include "events/field_tree.h"
#include "events/rule_set.h"

namespace larmor::events {

struct RuleSet::Compiled {
    FieldTree fields;
    std::vector<std::uint32_t> rules;  ///< of each alternative
    /// That one bit for each alternative takes.
    std::size_t words() const { return (rules.size() + 63) / 64; }
};

}  // namespace larmor::events

#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "events/pattern.h"

namespace larmor::events {

/// Of all rules of a set together.
inline constexpr std::size_t kRuleSetAlternativesMax = 1 << 16;

/// Many patterns, compiled so that one event is matched against all of them at once. It costs
/// as much as the event has fields that some rule asks for, and hardly more for more rules:
/// each value is looked up in a table of its field, which gives the rules as bits, and the bits
/// of the fields are joined. Never changes; safe from any thread.
class RuleSet {
public:
    /// Of no rules.
    RuleSet();
    /// Errors: LimitExceeded.
    static Result<RuleSet> compile(std::span<const Pattern> patterns);
    ~RuleSet();
    RuleSet(RuleSet&&) noexcept;
    RuleSet& operator=(RuleSet&&) noexcept;

private:
    friend class EventMatcher;
    struct Compiled;
    std::unique_ptr<const Compiled> compiled_;
};

/// Matches one event after the other, reusing its memory. Of one thread.
class EventMatcher {
public:
    EventMatcher();
    ~EventMatcher();
    EventMatcher(EventMatcher&&) noexcept;
    EventMatcher& operator=(EventMatcher&&) noexcept;

    /// The places of the matching patterns in the span that was compiled, rising; valid until
    /// the next call. `event` is a JSON object in UTF-8, of which only the fields that some
    /// rule asks for are read: what is wrong with the others may not be noticed.
    /// Errors: InvalidInput (not a JSON object, over 100 arrays in arrays).
    Result<std::span<const std::uint32_t>> match(const RuleSet& rules, std::string_view event);

private:
    struct Memory;
    std::unique_ptr<Memory> memory_;
};

}  // namespace larmor::events

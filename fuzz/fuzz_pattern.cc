// A pattern, a line end, an event. What is refused says why; a rule matches the same alone and
// among others.
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "events/rule_set.h"

namespace {

using namespace larmor;

std::vector<std::uint32_t> matched_by(std::span<const events::Pattern> patterns,
                                      std::string_view event, bool& is_event) {
    const auto rules = events::RuleSet::compile(patterns);
    LARMOR_CHECK(rules.has_value());
    events::EventMatcher matcher;
    const auto matched = matcher.match(*rules, event);
    is_event = matched.has_value();
    if (!is_event) {
        LARMOR_CHECK(!matched.error().message.empty());
        return {};
    }
    // Again in the same memory.
    const std::vector<std::uint32_t> first(matched->begin(), matched->end());
    const auto again = matcher.match(*rules, event);
    LARMOR_CHECK(again.has_value() && std::ranges::equal(*again, first));
    return first;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto pattern = events::parse_pattern(text.substr(0, end));
    if (!pattern) {
        LARMOR_CHECK(!pattern.error().message.empty());
        return 0;
    }
    LARMOR_CHECK(!pattern->alternatives.empty() &&
                 pattern->alternatives.size() <= events::kPatternAlternativesMax);
    const std::string_view event = text.substr(std::min(end + 1, text.size()));
    const auto other = events::parse_pattern(
        R"({"a":[{"anything-but":"x"}],"$or":[{"b":[1]},{"c":{"d":[{"exists":false}]}}]})");
    LARMOR_CHECK(other.has_value());

    bool is_event = false;
    const auto alone = matched_by(std::array{*pattern}, event, is_event);
    if (!is_event) return 0;
    const auto among = matched_by(std::array{*other, *pattern, *pattern}, event, is_event);
    // More fields are read now, and one of them may be wrong.
    if (!is_event) return 0;
    std::size_t count = 0;
    for (const std::uint32_t rule : among) count += rule > 0 ? 1 : 0;
    LARMOR_CHECK(count == 2 * alone.size());
    return 0;
}

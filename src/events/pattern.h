#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace larmor::events {

inline constexpr std::size_t kPatternBytesMax = 16 << 10;
inline constexpr std::size_t kPatternDepthMax = 32;
/// What a `$or` multiplies out to: EventBridge's limit.
inline constexpr std::size_t kPatternAlternativesMax = 1000;
/// Of all alternatives together.
inline constexpr std::size_t kPatternConditionsMax = 20'000;
inline constexpr std::size_t kWildcardBytesMax = 512;

enum class ValueKind : std::uint8_t { String, Number, Literal };

enum class Operator : std::uint8_t {
    Equals,
    EqualsIgnoreCase,
    Prefix,
    PrefixIgnoreCase,
    Suffix,
    SuffixIgnoreCase,
    Wildcard,
};

/// One comparison with a value of an event. All but Equals are for strings.
struct Test {
    Operator op = Operator::Equals;
    ValueKind kind = ValueKind::String;
    /// What it is compared with: case-folded where case is ignored (`fold_case`), a number in
    /// its canonical form (`write_canonical_number`), `true`, `false` or `null`.
    std::string text;
    /// Of Wildcard: the literal texts between the asterisks, unescaped.
    std::vector<std::string> segments{};
};

/// Numbers from `low` to `high`; an open end does not include its bound.
struct NumericRange {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool is_low_open = false;
    bool is_high_open = false;
    friend bool operator==(const NumericRange&, const NumericRange&) = default;
    bool contains(double value) const {
        return (is_low_open ? value > low : value >= low) &&
               (is_high_open ? value < high : value <= high);
    }
};

/// What one field must be: one of its parts is enough. A field holds strings, numbers, true,
/// false or null; where an event has an array, its elements are the field's values.
struct Condition {
    std::vector<std::string> path;
    std::vector<Test> any_of{};
    std::vector<NumericRange> ranges{};
    bool is_present = false;                 ///< any value will do
    std::optional<std::vector<Test>> but{};  ///< a value that passes none of these
    bool is_absent = false;  ///< alone: the event has no value at this path, in no element
};

/// An EventBridge event pattern, multiplied out: it matches when all conditions of one of its
/// alternatives hold. Two conditions below the same array of objects hold together only in one
/// element of it.
struct Pattern {
    using Alternative = std::vector<std::uint32_t>;  ///< places in `conditions`
    std::vector<Condition> conditions;
    std::vector<Alternative> alternatives;
};

/// Reads a pattern. Errors: InvalidInput (not JSON, an unknown operator, what EventBridge does
/// not allow) and LimitExceeded, with the place in the pattern: `detail.state[0].prefix`.
///
/// Numbers are compared by value: 300 matches 3.0e2. `$or` is always the operator, never the
/// name of a field. A dot in a name is part of the name.
/// Source: Amazon EventBridge User Guide, "Comparison operators for use in event patterns"; for
/// arrays of objects the README of EventBridge's own matcher, github.com/aws/event-ruler.
Result<Pattern> parse_pattern(std::string_view json);

}  // namespace larmor::events

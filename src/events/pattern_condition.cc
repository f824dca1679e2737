#include <simdjson.h>

#include <algorithm>
#include <cmath>

#include "events/fold_case.h"
#include "events/json_number.h"
#include "events/pattern_condition_internal.h"

namespace larmor::events {

tl::unexpected<Error> invalid_pattern(std::string_view what, const PatternPlace& place) {
    return fail(ErrorCode::InvalidInput, "the pattern: " + std::string(what) + place.at());
}

tl::unexpected<Error> not_json(const PatternPlace& place) {
    return fail(ErrorCode::InvalidInput, "the pattern is not JSON" + place.at());
}

namespace {

namespace ondemand = simdjson::ondemand;
using ondemand::json_type;

Result<json_type> type_of(ondemand::value& value, const PatternPlace& place) {
    json_type type{};
    if (value.type().get(type) != simdjson::SUCCESS) return not_json(place);
    return type;
}

Result<std::string> read_string(ondemand::value value, const PatternPlace& place) {
    TRY(const json_type type, type_of(value, place));
    if (type != json_type::string) return invalid_pattern("takes a string", place);
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return not_json(place);
    return std::string(text);
}

/// In canonical form.
Result<std::string> read_number(ondemand::value value, const PatternPlace& place) {
    TRY(const json_type type, type_of(value, place));
    if (type != json_type::number) return invalid_pattern("takes a number", place);
    std::string_view token = value.raw_json_token();
    token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
    std::string number;
    if (!write_canonical_number(token, number)) return not_json(place);
    return number;
}

Result<std::string> read_literal(ondemand::value value, json_type type,
                                 const PatternPlace& place) {
    if (type == json_type::null) {
        bool is_null = false;
        if (value.is_null().get(is_null) != simdjson::SUCCESS || !is_null) {
            return not_json(place);
        }
        return "null";
    }
    bool is_true = false;
    if (value.get_bool().get(is_true) != simdjson::SUCCESS) return not_json(place);
    return is_true ? "true" : "false";
}

/// A string, number, true, false or null.
Result<Test> read_equals(ondemand::value value, const PatternPlace& place) {
    TRY(const json_type type, type_of(value, place));
    if (type == json_type::string) {
        TRY(std::string text, read_string(value, place));
        return Test{.kind = ValueKind::String, .text = std::move(text)};
    }
    if (type == json_type::number) {
        TRY(std::string text, read_number(value, place));
        return Test{.kind = ValueKind::Number, .text = std::move(text)};
    }
    if (type == json_type::array) return invalid_pattern("an array in an array", place);
    TRY(std::string text, read_literal(value, type, place));
    return Test{.kind = ValueKind::Literal, .text = std::move(text)};
}

/// `a\*b*c` has the segments `a*b` and `c`.
Result<Test> make_wildcard(std::string text, const PatternPlace& place) {
    if (text.size() > kWildcardBytesMax) {
        return fail(ErrorCode::LimitExceeded, "the pattern: a wildcard has at most " +
                                                  std::to_string(kWildcardBytesMax) + " bytes" +
                                                  place.at());
    }
    Test test{.op = Operator::Wildcard, .text = {}, .segments = {""}};
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') {
            if (i + 1 == text.size() || (text[i + 1] != '*' && text[i + 1] != '\\')) {
                return invalid_pattern("a backslash stands before * or \\ only", place);
            }
            test.segments.back() += text[++i];
        } else if (text[i] == '*') {
            if (i > 0 && test.segments.size() > 1 && test.segments.back().empty()) {
                return invalid_pattern("one asterisk after the other", place);
            }
            test.segments.emplace_back();
        } else {
            test.segments.back() += text[i];
        }
    }
    test.text = std::move(text);
    return test;
}

Result<Test> make_test(Operator op, std::string text, const PatternPlace& place) {
    if (op == Operator::Wildcard) return make_wildcard(std::move(text), place);
    Test test{.op = op, .text = std::move(text)};
    if (op == Operator::EqualsIgnoreCase || op == Operator::PrefixIgnoreCase ||
        op == Operator::SuffixIgnoreCase) {
        std::string folded;
        fold_case(test.text, folded);
        test.text = std::move(folded);
    }
    return test;
}

std::optional<Operator> text_operator(std::string_view name) {
    if (name == "equals-ignore-case") return Operator::EqualsIgnoreCase;
    if (name == "prefix") return Operator::Prefix;
    if (name == "suffix") return Operator::Suffix;
    if (name == "wildcard") return Operator::Wildcard;
    return std::nullopt;
}

/// The one member of `{"prefix": ...}`.
struct Operation {
    std::string name;
    ondemand::value value;
};

/// Calls `read(Operation)` with the one member of the object.
template <typename F>
Result<void> read_operation(ondemand::value value, PatternPlace& place, F read) {
    ondemand::object object;
    if (value.get_object().get(object) != simdjson::SUCCESS) return not_json(place);
    std::size_t count = 0;
    for (auto field : object) {
        std::string_view name;
        Operation operation;
        if (field.unescaped_key().get(name) != simdjson::SUCCESS ||
            field.value().get(operation.value) != simdjson::SUCCESS) {
            return not_json(place);
        }
        if (++count > 1) return invalid_pattern("two operators in one object", place);
        operation.name = name;
        const PatternPlace::Step step(place, operation.name);
        TRY_VOID(read(operation));
    }
    if (count == 0) return invalid_pattern("an object without an operator", place);
    return {};
}

tl::unexpected<Error> unknown_operator(const PatternPlace& place) {
    return invalid_pattern(
        "an unknown operator (known are prefix, suffix, equals-ignore-case, wildcard,"
        " anything-but, numeric, exists)",
        place);
}

/// What stands behind prefix, suffix, equals-ignore-case, wildcard.
Result<Test> read_text_test(Operator op, ondemand::value value, PatternPlace& place) {
    TRY(const json_type type, type_of(value, place));
    const bool may_ignore_case = op == Operator::Prefix || op == Operator::Suffix;
    if (type != json_type::object || !may_ignore_case) {
        TRY(std::string text, read_string(value, place));
        return make_test(op, std::move(text), place);
    }
    std::string text;
    TRY_VOID(read_operation(value, place, [&](Operation operation) -> Result<void> {
        if (operation.name != "equals-ignore-case") return unknown_operator(place);
        TRY(text, read_string(operation.value, place));
        return {};
    }));
    return make_test(
        op == Operator::Prefix ? Operator::PrefixIgnoreCase : Operator::SuffixIgnoreCase,
        std::move(text), place);
}

/// Calls `read(value)` for the value itself or, where it is an array, for each element.
template <typename F>
Result<void> for_one_or_each(ondemand::value value, PatternPlace& place, F read) {
    TRY(const json_type type, type_of(value, place));
    if (type != json_type::array) return read(value);
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) return not_json(place);
    std::size_t count = 0;
    for (auto element : array) {
        const PatternPlace::Step step(place, count++);
        ondemand::value one;
        if (element.get(one) != simdjson::SUCCESS) return not_json(place);
        TRY_VOID(read(one));
    }
    if (count == 0) return invalid_pattern("an empty array", place);
    return {};
}

Result<std::vector<Test>> read_anything_but_values(ondemand::value value, PatternPlace& place) {
    std::vector<Test> tests;
    TRY_VOID(for_one_or_each(value, place, [&](ondemand::value one) -> Result<void> {
        TRY(const json_type type, type_of(one, place));
        if (type != json_type::string && type != json_type::number) {
            return invalid_pattern("anything-but takes strings or numbers", place);
        }
        TRY(Test test, read_equals(one, place));
        if (!tests.empty() && tests.front().kind != test.kind) {
            return invalid_pattern("anything-but takes either strings or numbers", place);
        }
        tests.push_back(std::move(test));
        return {};
    }));
    return tests;
}

Result<std::vector<Test>> read_anything_but(ondemand::value value, PatternPlace& place) {
    TRY(const json_type type, type_of(value, place));
    if (type != json_type::object) return read_anything_but_values(value, place);
    std::vector<Test> tests;
    TRY_VOID(read_operation(value, place, [&](Operation operation) -> Result<void> {
        const auto op = text_operator(operation.name);
        if (!op) return unknown_operator(place);
        return for_one_or_each(operation.value, place,
                               [&](ondemand::value one) -> Result<void> {
                                   TRY(std::string text, read_string(one, place));
                                   if (text.empty())
                                       return invalid_pattern("an empty string", place);
                                   TRY(Test test, make_test(*op, std::move(text), place));
                                   tests.push_back(std::move(test));
                                   return {};
                               });
    }));
    return tests;
}

/// Takes one comparison into `range`; EventBridge writes the lower bound first.
Result<void> take_bound(NumericRange& range, std::string_view comparison, double bound,
                        std::size_t index, const PatternPlace& place) {
    const bool is_low = comparison == ">" || comparison == ">=";
    const bool is_high = comparison == "<" || comparison == "<=";
    if (comparison == "=" && index == 0) {
        range.low = range.high = bound;
    } else if (is_low && index == 0) {
        range.low = bound;
        range.is_low_open = comparison == ">";
    } else if (is_high && (index == 0 || !std::isinf(range.low))) {
        range.high = bound;
        range.is_high_open = comparison == "<";
    } else {
        return invalid_pattern(
            "numeric takes one of =, <, <=, >, >= with a number, or a lower and then an upper"
            " bound",
            place);
    }
    return {};
}

Result<NumericRange> read_numeric(ondemand::value value, PatternPlace& place) {
    ondemand::array array;
    if (value.get_array().get(array) != simdjson::SUCCESS) {
        return invalid_pattern("numeric takes an array", place);
    }
    NumericRange range;
    std::string comparison;
    std::size_t count = 0;
    bool is_closed = false;
    for (auto element : array) {
        const PatternPlace::Step step(place, count);
        ondemand::value one;
        if (element.get(one) != simdjson::SUCCESS) return not_json(place);
        if (is_closed) return invalid_pattern("numeric ends with its upper bound", place);
        if (count % 2 == 0) {
            TRY(comparison, read_string(one, place));
        } else {
            TRY(const std::string number, read_number(one, place));
            const double bound = to_double(number);
            if (std::isinf(bound)) return invalid_pattern("a number beyond double", place);
            TRY_VOID(take_bound(range, comparison, bound, count / 2, place));
            is_closed = !std::isinf(range.high);
        }
        ++count;
    }
    if (count == 0 || count % 2 != 0) {
        return invalid_pattern("numeric takes a comparison and a number", place);
    }
    if (range.low > range.high ||
        (range.low == range.high && (range.is_low_open || range.is_high_open))) {
        return invalid_pattern("numeric has a range without a number in it", place);
    }
    return range;
}

class FieldReader {
public:
    FieldReader(const std::vector<std::string>& path, PatternPlace& place)
        : place_(place), any_{.path = path}, absent_{.path = path, .is_absent = true} {}

    Result<std::vector<Condition>> read(ondemand::array array) {
        std::size_t count = 0;
        for (auto element : array) {
            const PatternPlace::Step step(place_, count++);
            ondemand::value value;
            if (element.get(value) != simdjson::SUCCESS) return not_json(place_);
            TRY(const json_type type, type_of(value, place_));
            if (type == json_type::object) {
                TRY_VOID(read_operation(value, place_, [this](Operation operation) {
                    return take(operation.name, operation.value);
                }));
            } else {
                TRY(Test test, read_equals(value, place_));
                take_test(std::move(test));
            }
        }
        if (count == 0) return invalid_pattern("an empty array", place_);
        std::vector<Condition> conditions;
        if (has_any_) conditions.push_back(std::move(any_));
        for (Condition& more : more_) conditions.push_back(std::move(more));
        if (may_be_absent_) conditions.push_back(std::move(absent_));
        return conditions;
    }

private:
    void take_test(Test test) {
        any_.any_of.push_back(std::move(test));
        has_any_ = true;
    }

    Result<void> take(std::string_view name, ondemand::value value) {
        if (const auto op = text_operator(name)) {
            TRY(Test test, read_text_test(*op, value, place_));
            take_test(std::move(test));
            return {};
        }
        if (name == "numeric") {
            TRY(const NumericRange range, read_numeric(value, place_));
            any_.ranges.push_back(range);
            has_any_ = true;
            return {};
        }
        if (name == "exists") return take_exists(value);
        if (name != "anything-but") return unknown_operator(place_);
        TRY(auto tests, read_anything_but(value, place_));
        if (any_.but) {
            more_.push_back({.path = any_.path, .but = std::move(tests)});
        } else {
            any_.but = std::move(tests);
            has_any_ = true;
        }
        return {};
    }

    Result<void> take_exists(ondemand::value value) {
        bool exists = false;
        if (value.get_bool().get(exists) != simdjson::SUCCESS) {
            return invalid_pattern("exists takes true or false", place_);
        }
        any_.is_present = any_.is_present || exists;
        has_any_ = has_any_ || exists;
        may_be_absent_ = may_be_absent_ || !exists;
        return {};
    }

    PatternPlace& place_;
    Condition any_;
    Condition absent_;
    std::vector<Condition> more_;
    bool has_any_ = false;
    bool may_be_absent_ = false;
};

}  // namespace

Result<std::vector<Condition>> read_field_conditions(std::string_view array,
                                                     const std::vector<std::string>& path,
                                                     PatternPlace& place) {
    const simdjson::padded_string padded(array);
    ondemand::parser parser;
    ondemand::document document;
    ondemand::array values;
    if (parser.iterate(padded).get(document) || document.get_array().get(values)) {
        return not_json(place);
    }
    return FieldReader(path, place).read(values);
}

}  // namespace larmor::events

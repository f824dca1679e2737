// Patterns against events as a reader of the documentation would judge them: an oracle that
// shares nothing with the matcher. It makes, from an event with arrays, every event without any
// choice left (each array keeps its scalars and at most one of its objects) and evaluates the
// pattern's own tree on each of them.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "events/rule_set.h"

namespace larmor::events {
namespace {

int below(int end) {
    return *rc::gen::inRange(0, end);
}

template <std::size_t N>
std::string_view one_of(const std::array<std::string_view, N>& choices) {
    return choices[static_cast<std::size_t>(below(static_cast<int>(N)))];
}

// ---- Events

struct Scalar {
    enum class Kind { Text, Number, Literal } kind = Kind::Text;
    std::string text;  ///< of Text: its letters need no escape; else as in JSON
    double number = 0;
    std::string json() const { return kind == Kind::Text ? '"' + text + '"' : text; }
};

struct Json {
    enum class Kind { Scalar, Object, Array } kind = Kind::Scalar;
    Scalar scalar{};
    std::vector<std::string> names{};  ///< of Object
    std::vector<Json> values{};        ///< of Object, Array

    std::string text() const {
        if (kind == Kind::Scalar) return scalar.json();
        std::string out(1, kind == Kind::Object ? '{' : '[');
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i > 0) out += ", ";
            if (kind == Kind::Object) out += '"' + names[i] + "\": ";
            out += values[i].text();
        }
        return out + (kind == Kind::Object ? '}' : ']');
    }
    const Json* find(const std::string& name) const {
        const auto at = std::ranges::find(names, name);
        return at == names.end() ? nullptr
                                 : &values[static_cast<std::size_t>(at - names.begin())];
    }
};

constexpr std::array<std::string_view, 3> kNames = {"a", "b", "c"};
constexpr std::array<std::string_view, 7> kTexts = {"", "x", "X", "xy", "yx", "xYx", "yy"};
constexpr std::array<std::string_view, 8> kNumbers = {"0",     "-0.0", "1",    "1.0",
                                                      "10e-1", "2",    "-1.5", "3e2"};
constexpr std::array<std::string_view, 3> kLiterals = {"true", "false", "null"};

Scalar draw_scalar() {
    const int kind = below(6);
    if (kind < 3) return {Scalar::Kind::Text, std::string(one_of(kTexts))};
    if (kind == 3) return {Scalar::Kind::Literal, std::string(one_of(kLiterals))};
    const std::string text(one_of(kNumbers));
    return {Scalar::Kind::Number, text, std::stod(text)};
}

Json draw_value(int depth);

Json draw_object(int depth) {
    Json object{.kind = Json::Kind::Object};
    for (const std::string_view name : kNames) {
        if (below(4) == 0) continue;
        object.names.emplace_back(name);
        object.values.push_back(draw_value(depth - 1));
    }
    return object;
}

Json draw_value(int depth) {
    const int kind = depth <= 0 ? 0 : below(4);
    if (kind <= 1) return {.kind = Json::Kind::Scalar, .scalar = draw_scalar()};
    if (kind == 2) return draw_object(depth);
    Json array{.kind = Json::Kind::Array};
    for (int count = below(4); count > 0; --count)
        array.values.push_back(draw_value(depth - 1));
    return array;
}

// ---- Patterns

struct LeafTest {
    std::string op;  ///< "" is equality
    std::vector<Scalar> values{};
    std::string but{};  ///< of anything-but: "" or what stands in its object
    std::string comparison{}, comparison2{};
};

struct PatternNode {
    std::string name;
    std::vector<LeafTest> tests{};      ///< of a leaf
    std::vector<PatternNode> fields{};  ///< otherwise, or of an element of $or
    std::vector<PatternNode> any{};     ///< of $or
};

constexpr std::array<std::string_view, 6> kWildcards = {"*", "x*", "*x", "x*x", "*y*", "y*y"};

Scalar draw_text() {
    return {Scalar::Kind::Text, std::string(one_of(kTexts))};
}
Scalar draw_number() {
    const std::string text(one_of(kNumbers));
    return {Scalar::Kind::Number, text, std::stod(text)};
}

LeafTest draw_numeric() {
    LeafTest test{.op = "numeric"};
    switch (below(4)) {
        case 0:
            test.comparison = "=";
            break;
        case 1:
            test.comparison = below(2) == 0 ? "<" : "<=";
            break;
        case 2:
            test.comparison = below(2) == 0 ? ">" : ">=";
            break;
        default:
            test.comparison = below(2) == 0 ? ">" : ">=";
            test.comparison2 = below(2) == 0 ? "<" : "<=";
            test.values = {{Scalar::Kind::Number, "0", 0}, {Scalar::Kind::Number, "2", 2}};
            return test;
    }
    test.values = {draw_number()};
    return test;
}

LeafTest draw_anything_but() {
    LeafTest test{.op = "anything-but"};
    test.but = one_of(std::array<std::string_view, 5>{"", "prefix", "suffix",
                                                      "equals-ignore-case", "wildcard"});
    const bool is_number = test.but.empty() && below(2) == 0;
    for (int count = 1 + below(2); count > 0; --count) {
        Scalar value = is_number ? draw_number() : draw_text();
        if (test.but == "wildcard") value.text = one_of(kWildcards);
        if (!test.but.empty() && value.text.empty()) value.text = "x";
        test.values.push_back(std::move(value));
    }
    return test;
}

LeafTest draw_test() {
    switch (below(8)) {
        case 0:
        case 1:
            return {.op = "", .values = {draw_scalar()}};
        case 2:
            return {.op = std::string(one_of(std::array<std::string_view, 3>{
                        "prefix", "suffix", "equals-ignore-case"})),
                    .values = {draw_text()}};
        case 3:
            return {.op = below(2) == 0 ? "prefix-ignore-case" : "suffix-ignore-case",
                    .values = {draw_text()}};
        case 4:
            return {.op = "wildcard",
                    .values = {{Scalar::Kind::Text, std::string(one_of(kWildcards))}}};
        case 5:
            return draw_numeric();
        case 6:
            return draw_anything_but();
        default:
            return {.op = below(2) == 0 ? "exists" : "absent"};
    }
}

std::vector<PatternNode> draw_fields(int depth);

PatternNode draw_field(std::string_view name, int depth) {
    PatternNode node{.name = std::string(name)};
    if (depth > 0 && below(3) == 0) {
        node.fields = draw_fields(depth - 1);
    } else {
        for (int count = 1 + below(2); count > 0; --count) node.tests.push_back(draw_test());
    }
    return node;
}

std::vector<PatternNode> draw_fields(int depth) {
    std::vector<PatternNode> fields;
    for (const std::string_view name : kNames) {
        if (below(3) == 0) fields.push_back(draw_field(name, depth));
    }
    if (depth > 0 && below(3) == 0) {
        PatternNode node{.name = "$or"};
        for (int count = 2 + below(2); count > 0; --count) {
            node.any.push_back({.name = "", .fields = draw_fields(depth - 1)});
        }
        fields.push_back(std::move(node));
    }
    if (fields.empty()) fields.push_back(draw_field(one_of(kNames), depth));
    return fields;
}

std::string text_of(const LeafTest& test) {
    if (test.op.empty()) return test.values[0].json();
    if (test.op == "exists") return R"({"exists": true})";
    if (test.op == "absent") return R"({"exists": false})";
    if (test.op == "numeric") {
        std::string out =
            R"({"numeric": [")" + test.comparison + "\", " + test.values[0].json();
        if (!test.comparison2.empty()) {
            out += ", \"" + test.comparison2 + "\", " + test.values[1].json();
        }
        return out + "]}";
    }
    if (test.op == "anything-but") {
        std::string list = "[";
        for (const Scalar& value : test.values) {
            if (list.size() > 1) list += ", ";
            list += value.json();
        }
        list += "]";
        if (test.but.empty()) return R"({"anything-but": )" + list + "}";
        return R"({"anything-but": {")" + test.but + "\": " + list + "}}";
    }
    if (test.op.ends_with("-ignore-case") && test.op != "equals-ignore-case") {
        return "{\"" + test.op.substr(0, 6) + R"(": {"equals-ignore-case": )" +
               test.values[0].json() + "}}";
    }
    return "{\"" + test.op + "\": " + test.values[0].json() + "}";
}

std::string text_of(const std::vector<PatternNode>& fields) {
    std::string out = "{";
    for (const PatternNode& field : fields) {
        if (out.size() > 1) out += ", ";
        out += '"' + field.name + "\": ";
        if (field.fields.empty()) out += '[';
        std::string separator;
        for (const LeafTest& test : field.tests) {
            out += separator + text_of(test);
            separator = ", ";
        }
        for (const PatternNode& one : field.any) {
            out += separator + text_of(one.fields);
            separator = ", ";
        }
        out += field.fields.empty() ? "]" : text_of(field.fields);
    }
    return out + "}";
}

// ---- The oracle

std::string lower(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
}

bool like(std::string_view text, std::string_view wildcard) {
    if (wildcard.empty()) return text.empty();
    if (wildcard[0] == '*') {
        for (std::size_t i = 0; i <= text.size(); ++i) {
            if (like(text.substr(i), wildcard.substr(1))) return true;
        }
        return false;
    }
    return !text.empty() && text[0] == wildcard[0] && like(text.substr(1), wildcard.substr(1));
}

bool equal(const Scalar& a, const Scalar& b) {
    if (a.kind != b.kind) return false;
    return a.kind == Scalar::Kind::Number ? a.number == b.number : a.text == b.text;
}

bool passes_text(const std::string& op, const Scalar& value, const Scalar& wanted) {
    if (op.empty()) return equal(value, wanted);
    if (value.kind != Scalar::Kind::Text) return false;
    if (op == "prefix") return value.text.starts_with(wanted.text);
    if (op == "suffix") return value.text.ends_with(wanted.text);
    if (op == "wildcard") return like(value.text, wanted.text);
    const std::string text = lower(value.text);
    if (op == "prefix-ignore-case") return text.starts_with(lower(wanted.text));
    if (op == "suffix-ignore-case") return text.ends_with(lower(wanted.text));
    return text == lower(wanted.text);
}

bool compares(double value, const std::string& comparison, double bound) {
    if (comparison == "=") return value == bound;
    if (comparison == "<") return value < bound;
    if (comparison == "<=") return value <= bound;
    return comparison == ">" ? value > bound : value >= bound;
}

bool passes(const Scalar& value, const LeafTest& test) {
    if (test.op == "exists") return true;
    if (test.op == "absent") return false;
    if (test.op == "numeric") {
        return value.kind == Scalar::Kind::Number &&
               compares(value.number, test.comparison, test.values[0].number) &&
               (test.comparison2.empty() ||
                compares(value.number, test.comparison2, test.values[1].number));
    }
    if (test.op == "anything-but") {
        return std::ranges::none_of(
            test.values, [&](const Scalar& but) { return passes_text(test.but, value, but); });
    }
    return passes_text(test.op, value, test.values[0]);
}

std::vector<Json> projections(const Json& value);

/// Scalars and objects of an array, however deep in arrays.
void flatten(const Json& array, std::vector<Json>& scalars, std::vector<Json>& objects) {
    for (const Json& value : array.values) {
        if (value.kind == Json::Kind::Scalar) {
            scalars.push_back(value);
        } else if (value.kind == Json::Kind::Object) {
            for (Json& projection : projections(value))
                objects.push_back(std::move(projection));
        } else {
            flatten(value, scalars, objects);
        }
    }
}

std::vector<Json> projections(const Json& value) {
    if (value.kind == Json::Kind::Scalar) return {value};
    if (value.kind == Json::Kind::Array) {
        Json scalars{.kind = Json::Kind::Array};
        std::vector<Json> objects;
        flatten(value, scalars.values, objects);
        std::vector<Json> all = {scalars};
        for (Json& object : objects) {
            all.push_back(scalars);
            all.back().values.push_back(std::move(object));
        }
        return all;
    }
    std::vector<Json> all = {{.kind = Json::Kind::Object, .names = value.names}};
    for (const Json& member : value.values) {
        std::vector<Json> longer;
        for (const Json& choice : projections(member)) {
            for (const Json& before : all) {
                longer.push_back(before);
                longer.back().values.push_back(choice);
            }
        }
        all = std::move(longer);
        RC_PRE(all.size() <= 5000U);
    }
    return all;
}

bool has_scalar(const Json& value, const std::vector<std::string>& path, std::size_t at) {
    if (value.kind == Json::Kind::Array) {
        return std::ranges::any_of(
            value.values, [&](const Json& element) { return has_scalar(element, path, at); });
    }
    if (value.kind == Json::Kind::Scalar) return at == path.size();
    const Json* member = at < path.size() ? value.find(path[at]) : nullptr;
    return member != nullptr && has_scalar(*member, path, at + 1);
}

class Oracle {
public:
    explicit Oracle(const Json& event) : event_(event), choices_(projections(event)) {}

    bool matches(const std::vector<PatternNode>& pattern) {
        return std::ranges::any_of(choices_,
                                   [&](const Json& choice) { return holds(pattern, &choice); });
    }

private:
    bool holds(const std::vector<PatternNode>& fields, const Json* object) {
        return std::ranges::all_of(fields, [&](const PatternNode& field) {
            if (field.name == "$or") {
                return std::ranges::any_of(field.any, [&](const PatternNode& one) {
                    return holds(one.fields, object);
                });
            }
            path_.push_back(field.name);
            const bool result = field_holds(field, object);
            path_.pop_back();
            return result;
        });
    }

    bool field_holds(const PatternNode& field, const Json* object) {
        std::vector<Json> values;
        if (const Json* value = object != nullptr ? object->find(field.name) : nullptr) {
            values = value->kind == Json::Kind::Array ? value->values : std::vector{*value};
        }
        if (!field.fields.empty()) {
            const auto inner = std::ranges::find(values, Json::Kind::Object, &Json::kind);
            return holds(field.fields, inner == values.end() ? nullptr : &*inner);
        }
        return std::ranges::any_of(field.tests, [&](const LeafTest& test) {
            if (test.op == "absent") return !has_scalar(event_, path_, 0);
            return std::ranges::any_of(values, [&](const Json& value) {
                return value.kind == Json::Kind::Scalar && passes(value.scalar, test);
            });
        });
    }

    const Json& event_;
    const std::vector<Json> choices_;
    std::vector<std::string> path_;
};

TEST(PatternProperty, ASetOfRulesMatchesWhatTheOracleMatches) {
    EXPECT_TRUE(rc::check([] {
        const Json event = draw_object(3);
        RC_LOG() << event.text() << '\n';
        Oracle oracle(event);
        std::vector<Pattern> patterns;
        std::vector<std::uint32_t> expected;
        const int count = 1 + below(80);
        for (int i = 0; i < count; ++i) {
            const auto drawn = draw_fields(2);
            RC_LOG() << i << ": " << text_of(drawn) << '\n';
            auto pattern = parse_pattern(text_of(drawn));
            if (!pattern) RC_FAIL(pattern.error().message);
            patterns.push_back(*std::move(pattern));
            if (oracle.matches(drawn)) expected.push_back(static_cast<std::uint32_t>(i));
        }
        const auto rules = RuleSet::compile(patterns);
        RC_ASSERT(rules.has_value());
        EventMatcher matcher;
        const auto matched = matcher.match(*rules, event.text());
        RC_ASSERT(matched.has_value());
        RC_ASSERT(std::vector(matched->begin(), matched->end()) == expected);
    }));
}

}  // namespace
}  // namespace larmor::events

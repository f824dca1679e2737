#include "events/pattern.h"

#include <gtest/gtest.h>

#include <array>

#include "db/tests/temp_library.h"
#include "events/rule_set.h"

namespace larmor::events {
namespace {

using db::testing::must;

bool matches(std::string_view pattern, std::string_view event) {
    const std::array patterns{must(parse_pattern(pattern))};
    const RuleSet rules = must(RuleSet::compile(patterns));
    EventMatcher matcher;
    return !must(matcher.match(rules, event)).empty();
}

std::string error_of(std::string_view pattern) {
    const auto parsed = parse_pattern(pattern);
    return parsed ? "accepted" : parsed.error().message;
}

/// The event of the README of EventBridge's matcher (github.com/aws/event-ruler).
constexpr std::string_view kInstance = R"({
  "version": "0", "id": "ddddd4-aaaa-7777-4444-345dd43cc333",
  "detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2",
  "account": "012345679012", "time": "2017-10-02T16:24:49Z", "region": "us-east-1",
  "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-000000aaaaaa00000"],
  "detail": {"c-count": 5, "d-count": 3, "x-limit": 301.8, "source-ip": "10.0.0.33",
             "instance-id": "i-000000aaaaaa00000", "state": "running"}})";

TEST(Pattern, MatchesTheDocumentedExamples) {
    EXPECT_TRUE(matches(R"({"detail-type": ["EC2 Instance State-change Notification"],
        "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-000000aaaaaa00000"],
        "detail": {"state": ["initializing", "running"]}})",
                        kInstance));
    EXPECT_TRUE(matches(R"({"time": [{"prefix": "2017-10-02"}]})", kInstance));
    EXPECT_FALSE(matches(R"({"time": [{"prefix": "2017-10-03"}]})", kInstance));
    EXPECT_TRUE(matches(R"({"source": [{"suffix": "ec2"}]})", kInstance));
    EXPECT_TRUE(matches(R"({"source": [{"equals-ignore-case": "AWS.EC2"}]})", kInstance));
    EXPECT_FALSE(matches(R"({"source": [{"equals-ignore-case": "EC2"}]})", kInstance));
    EXPECT_TRUE(matches(R"({"source": [{"wildcard": "a*s.e*2"}]})", kInstance));
    EXPECT_TRUE(matches(R"({"detail": {"c-count": [{"numeric": [">", 0, "<=", 5]}],
        "d-count": [{"numeric": ["<", 10]}], "x-limit": [{"numeric": ["=", 3.018e2]}]}})",
                        kInstance));
    EXPECT_FALSE(
        matches(R"({"detail": {"c-count": [{"numeric": [">", 0, "<", 5]}]}})", kInstance));
    EXPECT_TRUE(matches(R"({"time": [{"prefix": "2017-10-02"}],
        "detail": {"state": [{"anything-but": "initializing"}],
                   "c-count": [{"numeric": [">", 0, "<=", 5]}],
                   "d-count": [{"numeric": ["<", 10]}],
                   "x-limit": [{"anything-but": [100, 200, 300]}]}})",
                        kInstance));
}

TEST(Pattern, MatchesAnythingBut) {
    const auto state = [](std::string_view but) {
        return R"({"detail": {"state": [{"anything-but": )" + std::string(but) + "}]}}";
    };
    EXPECT_TRUE(matches(state(R"("initializing")"), kInstance));
    EXPECT_FALSE(matches(state(R"(["stopped", "running"])"), kInstance));
    EXPECT_FALSE(matches(state(R"({"prefix": "run"})"), kInstance));
    EXPECT_TRUE(matches(state(R"({"prefix": "init"})"), kInstance));
    EXPECT_FALSE(matches(state(R"({"suffix": ["ed", "ing"]})"), kInstance));
    EXPECT_FALSE(matches(state(R"({"equals-ignore-case": "RUNNING"})"), kInstance));
    EXPECT_FALSE(matches(state(R"({"wildcard": "*unn*"})"), kInstance));
    EXPECT_TRUE(matches(state(R"({"wildcard": "*/lib/*"})"), kInstance));
    // It takes a value of any kind, but it takes a value.
    EXPECT_TRUE(matches(state(R"("x")"), R"({"detail": {"state": 1}})"));
    EXPECT_TRUE(matches(state(R"("x")"), R"({"detail": {"state": null}})"));
    EXPECT_FALSE(matches(state(R"("x")"), R"({"detail": {"status": "y"}})"));
    EXPECT_FALSE(matches(R"({"detail": {"x-limit": [{"anything-but": 301.80}]}})", kInstance));
    // Several are alternatives: whatever it is, one of them holds.
    EXPECT_TRUE(
        matches(R"({"a": [{"anything-but": "x"}, {"anything-but": "y"}]})", R"({"a": "x"})"));
    EXPECT_TRUE(
        matches(R"({"a": [{"anything-but": {"prefix": "x"}}, "xx"]})", R"({"a": "xx"})"));
    EXPECT_FALSE(
        matches(R"({"a": [{"anything-but": {"prefix": "x"}}, "xx"]})", R"({"a": "x"})"));
}

TEST(Pattern, TellsNullFromTheEmptyStringAndFromNothing) {
    constexpr std::string_view event =
        R"({"detail": {"eventVersion": "", "responseElements": null}})";
    EXPECT_TRUE(matches(R"({"detail": {"eventVersion": [""]}})", event));
    EXPECT_FALSE(matches(R"({"detail": {"eventVersion": [null]}})", event));
    EXPECT_TRUE(matches(R"({"detail": {"responseElements": [null]}})", event));
    EXPECT_FALSE(matches(R"({"detail": {"responseElements": [""]}})", event));
    EXPECT_FALSE(matches(R"({"detail": {"other": [null]}})", event));
    EXPECT_TRUE(matches(R"({"a": [true, false]})", R"({"a": false})"));
    EXPECT_FALSE(matches(R"({"a": [true]})", R"({"a": "true"})"));
}

TEST(Pattern, AsksWhetherALeafExists) {
    constexpr std::string_view absent = R"({"detail": {"c-count": [{"exists": false}]}})";
    constexpr std::string_view present = R"({"detail": {"c-count": [{"exists": true}]}})";
    EXPECT_FALSE(matches(absent, kInstance));
    EXPECT_TRUE(matches(present, kInstance));
    EXPECT_TRUE(matches(absent, R"({"detail": {"state": ["initializing", "running"]}})"));
    // Not a leaf: documented to match.
    constexpr std::string_view deeper = R"({"detail": {"c-count": {"c1": 100}}})";
    EXPECT_TRUE(matches(absent, deeper));
    EXPECT_FALSE(matches(present, deeper));
    EXPECT_TRUE(matches(absent, "{}"));
    EXPECT_TRUE(matches(present, R"({"detail": {"c-count": null}})"));
    EXPECT_TRUE(matches(R"({"a": [{"exists": false}, "x"]})", R"({"a": "x"})"));
    EXPECT_TRUE(matches(R"({"a": [{"exists": false}, "x"]})", R"({"b": 1})"));
    EXPECT_FALSE(matches(R"({"a": [{"exists": false}, "x"]})", R"({"a": "y"})"));
}

TEST(Pattern, IgnoresCaseInEveryScript) {
    EXPECT_TRUE(matches(R"({"service": [{"prefix": {"equals-ignore-case": "EventB"}}]})",
                        R"({"service": "EVENTBRIDGE"})"));
    EXPECT_TRUE(matches(R"({"service": [{"suffix": {"equals-ignore-case": ".png"}}]})",
                        R"({"service": "A.PNG"})"));
    EXPECT_FALSE(matches(R"({"service": [{"suffix": ".png"}]})", R"({"service": "A.PNG"})"));
    EXPECT_TRUE(
        matches(R"({"a": [{"equals-ignore-case": "RÖNTGEN"}]})", R"({"a": "röntgen"})"));
}

TEST(Pattern, MatchesWildcards) {
    const auto like = [](std::string_view wildcard, std::string_view text) {
        return matches(R"({"a": [{"wildcard": ")" + std::string(wildcard) + R"("}]})",
                       R"({"a": ")" + std::string(text) + R"("})");
    };
    EXPECT_TRUE(like("dir/*.png", "dir/b/a.png"));
    EXPECT_FALSE(like("dir/*.png", "dir/a.pn"));
    EXPECT_FALSE(like("ab*ba", "aba"));
    EXPECT_TRUE(like("*", ""));
    EXPECT_TRUE(like("a*b*a", "abba"));
    EXPECT_TRUE(like("plain", "plain"));
    EXPECT_TRUE(like(R"(\\*x*)", "*xy"));
    EXPECT_FALSE(like(R"(\\*x*)", "axy"));
    EXPECT_TRUE(like(R"(a\\\\*)", R"(a\\b)"));
}

TEST(Pattern, ComparesNumbersByValueAndExactly) {
    EXPECT_TRUE(matches(R"({"a": [300]})", R"({"a": 3.0e2 })"));
    EXPECT_TRUE(matches(R"({"a": [-0.0]})", R"({"a": 0})"));
    EXPECT_FALSE(matches(R"({"a": [9007199254740992]})", R"({"a": 9007199254740993})"));
    EXPECT_FALSE(matches(R"({"a": [300]})", R"({"a": "300"})"));
    EXPECT_FALSE(matches(R"({"a": [{"numeric": [">", 1]}]})", R"({"a": "2"})"));
    EXPECT_TRUE(matches(R"({"a": [{"numeric": [">", 1]}]})", R"({"a": 1e999})"));
    EXPECT_TRUE(matches(R"({"a": [{"numeric": ["=", 0]}]})", R"({"a": 1e-999})"));
}

TEST(Pattern, MultipliesOrOut) {
    constexpr std::string_view nested = R"({"source": ["aws.cloudwatch"], "$or": [
        {"metricName": ["CPUUtilization", "ReadLatency"]},
        {"metricType": ["MetricType"], "namespace": ["AWS/EC2", "AWS/ES"],
         "$or": [{"metricId": [1234]}, {"spaceId": [1000]}]},
        {"scope": ["Service"]}]})";
    EXPECT_EQ(must(parse_pattern(nested)).alternatives.size(), 4U);
    EXPECT_TRUE(matches(nested, R"({"source": "aws.cloudwatch", "scope": "Service"})"));
    EXPECT_TRUE(matches(nested, R"({"source": "aws.cloudwatch", "metricType": "MetricType",
        "namespace": "AWS/ES", "spaceId": 1000})"));
    EXPECT_FALSE(matches(nested, R"({"source": "aws.cloudwatch", "metricType": "MetricType",
        "namespace": "AWS/ES", "spaceId": 1001})"));
    EXPECT_FALSE(matches(nested, R"({"scope": "Service"})"));

    constexpr std::string_view parallel = R"({
        "$or": [{"metricName": ["ReadLatency"]}, {"namespace": ["AWS/EC2"]}],
        "detail": {"$or": [{"source": ["aws.cloudwatch"]}, {"detail-type": ["Alarm"]}]}})";
    EXPECT_TRUE(
        matches(parallel, R"({"namespace": "AWS/EC2", "detail": {"detail-type": "Alarm"}})"));
    EXPECT_FALSE(
        matches(parallel, R"({"namespace": "AWS/EC2", "detail": {"detail-type": "x"}})"));
}

TEST(Pattern, FindsTheElementsOfArrays) {
    constexpr std::string_view employees = R"({"employees": [
        [{"firstName": "John", "lastName": "Doe"}, {"firstName": "Anna", "lastName": "Smith"}],
        [{"firstName": "Peter", "lastName": "Jones"}]]})";
    EXPECT_TRUE(matches(R"({"employees": {"firstName": ["Anna"]}})", employees));
    EXPECT_TRUE(
        matches(R"({"employees": {"firstName": ["Anna"], "lastName": ["Smith"]}})", employees));
    // Two fields in two elements of one array are no match.
    EXPECT_FALSE(
        matches(R"({"employees": {"firstName": ["Anna"], "lastName": ["Jones"]}})", employees));
    EXPECT_TRUE(matches(R"({"a": ["x"]})", R"({"a": ["y", ["x"]]})"));
    EXPECT_TRUE(matches(R"({"a": [{"anything-but": "x"}]})", R"({"a": ["x", "y"]})"));
    EXPECT_FALSE(matches(R"({"a": [{"anything-but": "x"}]})", R"({"a": []})"));
    EXPECT_TRUE(matches(R"({"a": [{"exists": false}]})", R"({"a": []})"));
    // The same field twice, by way of $or: each must hold for some element.
    constexpr std::string_view twice = R"({"a": ["x"], "$or": [{"a": ["y"]}, {"b": [1]}]})";
    EXPECT_TRUE(matches(twice, R"({"a": ["x", "y"]})"));
    EXPECT_FALSE(matches(twice, R"({"a": ["x"]})"));
    EXPECT_TRUE(matches(twice, R"({"a": ["x"], "b": 1})"));
}

TEST(Pattern, ReadsEscapedNamesAndKeepsDotsApart) {
    EXPECT_TRUE(matches(R"({"source": ["\u0061"]})", R"({"s\u006furce": "a"})"));
    EXPECT_FALSE(matches(R"({"detail": {"state.status": ["x"]}})",
                         R"({"detail": {"state": {"status": "x"}}})"));
}

TEST(Pattern, RefusesWithThePlace) {
    EXPECT_EQ(error_of(R"({"detail": {"state": [{"prefixx": "a"}]}})"),
              "the pattern: an unknown operator (known are prefix, suffix, equals-ignore-case,"
              " wildcard, anything-but, numeric, exists) at detail.state[0].prefixx");
    EXPECT_EQ(error_of(R"({"source": "aws.s3"})"),
              "the pattern: what a field may be stands in an array at source");
    EXPECT_EQ(error_of("{}"), "the pattern: an object without a field");
    EXPECT_EQ(error_of(R"({"a": []})"), "the pattern: an empty array at a");
    EXPECT_EQ(error_of(R"({"a": [{"anything-but": ["x", 1]}]})"),
              "the pattern: anything-but takes either strings or numbers at"
              " a[0].anything-but[1]");
    EXPECT_EQ(error_of(R"({"a": [{"numeric": ["<", 1, ">", 0]}]})"),
              "the pattern: numeric ends with its upper bound at a[0].numeric[2]");
    EXPECT_EQ(error_of(R"({"$or": [{"a": [1]}]})"),
              "the pattern: $or takes at least two objects at $or");
    EXPECT_EQ(error_of(R"({"a": [1], "a": [2]})"), "the pattern: \"a\" stands twice");
    for (const std::string_view bad : {"",
                                       "[]",
                                       "1",
                                       "{\"a\": [1]",
                                       "{\"a\": [1]} x",
                                       "{\"a\": [01]}",
                                       "{\"a\": [nul]}",
                                       "{\"a\": [[1]]}",
                                       "{\"a\": [{}]}",
                                       "{\"a\": [{\"exists\": 1}]}",
                                       "{\"a\": [1 2]}",
                                       "{\"a\": [{\"prefix\": \"x\", \"suffix\": \"y\"}]}",
                                       "{\"a\": [{\"prefix\": 1}]}",
                                       "{\"a\": [{\"wildcard\": \"a**\"}]}",
                                       "{\"a\": [{\"wildcard\": \"a\\\\b\"}]}",
                                       "{\"a\": [{\"numeric\": [\">\", 5, \"<\", 5]}]}",
                                       "{\"a\": [{\"numeric\": [\">\"]}]}",
                                       "{\"a\": [{\"anything-but\": []}]}",
                                       "{\"a\": [{\"anything-but\": {\"prefix\": \"\"}}]}",
                                       "{\"a\": [{\"anything-but\": null}]}",
                                       "{\"a\": [{\"numeric\": [\"!\", 5]}]}",
                                       "{\"$or\": {\"a\": [1]}}",
                                       "{\"$or\": [{\"a\": [1]}, 2]}"}) {
        EXPECT_FALSE(parse_pattern(bad).has_value()) << bad;
    }
}

TEST(Pattern, HasLimits) {
    const auto code_of = [](std::string_view pattern) {
        const auto parsed = parse_pattern(pattern);
        return parsed ? std::optional<ErrorCode>() : parsed.error().code;
    };
    EXPECT_EQ(code_of(R"({"a": [")" + std::string(kPatternBytesMax, 'x') + R"("]})"),
              ErrorCode::LimitExceeded);
    const auto nested = [](std::size_t depth) {
        std::string text;
        for (std::size_t i = 0; i < depth; ++i) text += R"({"a":)";
        return text + "[1]" + std::string(depth, '}');
    };
    EXPECT_EQ(code_of(nested(kPatternDepthMax)), std::nullopt);
    EXPECT_EQ(code_of(nested(kPatternDepthMax + 1)), ErrorCode::LimitExceeded);
    const auto multiplied = [](std::size_t fields) {
        std::string text = "{";
        for (std::size_t i = 0; i < fields; ++i) {
            const std::string name = "f" + std::to_string(i);
            text += (i > 0 ? ",\"" : "\"") + name + R"(": {"$or": [{"a":[1]},{"b":[1]}]})";
        }
        return text + "}";
    };
    EXPECT_EQ(code_of(multiplied(9)), std::nullopt);
    EXPECT_EQ(code_of(multiplied(10)), ErrorCode::LimitExceeded);
}

TEST(RuleSet, NamesTheRulesThatMatchInOrder) {
    std::vector<Pattern> patterns;
    for (int i = 0; i < 300; ++i) {
        patterns.push_back(must(
            parse_pattern(R"({"a": [{"numeric": [">=", )" + std::to_string(i) + R"(]}]})")));
    }
    const RuleSet rules = must(RuleSet::compile(patterns));
    EventMatcher matcher;
    const auto matched = must(matcher.match(rules, R"({"a": 2})"));
    EXPECT_EQ(std::vector(matched.begin(), matched.end()),
              (std::vector<std::uint32_t>{0, 1, 2}));
    EXPECT_EQ(must(matcher.match(rules, R"({"a": 1000})")).size(), 300U);
    EXPECT_TRUE(must(matcher.match(RuleSet(), R"({"a": 1})")).empty());
}

TEST(RuleSet, RefusesWhatIsNoObject) {
    const std::array patterns{must(parse_pattern(R"({"a": [1]})"))};
    const RuleSet rules = must(RuleSet::compile(patterns));
    EventMatcher matcher;
    for (const std::string_view bad : {"", "[]", "{\"a\": 1", "{\"a\": 01}", "{\"a\" 1}"}) {
        EXPECT_FALSE(matcher.match(rules, bad).has_value()) << bad;
    }
    EXPECT_FALSE(
        matcher.match(rules, R"({"a": )" + std::string(100'000, '[') + "1").has_value());
}

}  // namespace
}  // namespace larmor::events

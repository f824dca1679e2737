// Events against many rules, in process, on one core: from the text of the envelope to the
// places of the rules that match, parsing included. Beside it the same rules one after the
// other, each compiled alone, which is what a loop over all rules would do.
//
// The mix, of a library with 500 data stores that notifies about what happens to them. Of 1,000
// rules 800 compare exactly or by prefix, suffix and case; 200 have anything-but, numeric or
// $or. All are distinct (of 10,000, the first thousand). Of 1,000 events 700 are changes of
// image sets as Larmor publishes them, 200 objects that came or came back from cold storage
// (S3's form), 100 jobs.
#include <benchmark/benchmark.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "events/event_log.h"
#include "events/rule_set.h"

namespace {

using namespace larmor;

std::string hex_id(std::uint64_t number) {
    std::mt19937_64 random(number);
    std::string id;
    for (int i = 0; i < 32; ++i) id += "0123456789abcdef"[random() % 16];
    return id;
}
std::string data_store(std::size_t number) {
    return hex_id(number % 500);
}

std::string quoted(std::string_view text) {
    return '"' + std::string(text) + '"';
}

constexpr std::array<const char*, 3> kChanges = {"Created", "Updated", "Deleted"};

/// 60 % one change of one data store, 20 % of them also with state; 10 % each by resource and
/// by object key.
std::string plain_rule(std::size_t i) {
    const std::string change = kChanges[i % 3];
    if (i % 10 < 6) {
        return R"({"source": ["aws.medical-imaging"], "detail-type": ["Image Set )" + change +
               R"("], "detail": {"datastoreId": [)" + quoted(data_store(i)) +
               R"(], "isPrimary": [)" + (i % 20 < 10 ? "true" : "false") + "]}}";
    }
    if (i % 10 < 8) {
        return R"({"source": ["aws.medical-imaging"], "detail": {"datastoreId": [)" +
               quoted(data_store(i)) + ", " + quoted(data_store(i + 250)) +
               R"(], "imageSetState": ["ACTIVE", "LOCKED"], "imageSetWorkflowStatus": [")" +
               (i % 2 == 0 ? "CREATED" : "UPDATED") + R"("]}})";
    }
    if (i % 10 == 8) {
        return R"({"resources": [{"prefix": "arn:aws:medical-imaging:local:000000000000:datastore/)" +
               data_store(i) +
               R"("}], "detail-type": [{"prefix": {"equals-ignore-case": "image set"}}]})";
    }
    return R"({"source": ["aws.s3"], "detail": {"bucket": {"name": ["archive-)" +
           std::to_string(i % 100) + R"("]}, "object": {"key": [{"prefix": "site-)" +
           std::to_string(i) + R"(/"}, {"suffix": ".)" + std::to_string(i) + R"(.tar"}]}}})";
}

/// 70 anything-but, 70 numeric, 60 $or.
std::string other_rule(std::size_t i) {
    if (i < 35) {
        return R"({"detail-type": ["Image Set Deleted"], "detail": {"datastoreId": [{"anything-but": [)" +
               quoted(data_store(i)) + ", " + quoted(data_store(i + 1)) +
               R"(]}], "imageSetState": ["DELETED"]}})";
    }
    if (i < 70) {
        return R"({"source": ["larmor.jobs"], "detail": {"state": [{"anything-but": {"prefix": "run"}}], "kind": ["kind-)" +
               std::to_string(i) + R"("]}})";
    }
    if (i < 105) {
        return R"({"source": ["aws.s3"], "detail": {"object": {"size": [{"numeric": [">", )" +
               std::to_string(i * 1'000'000) + R"(, "<=", )" +
               std::to_string((i + 2) * 1'000'000) + "]}]}}}";
    }
    if (i < 140) {
        return R"({"source": ["larmor.jobs"], "detail": {"progress": {"done": [{"numeric": [">=", )" +
               std::to_string(i * 10) + "]}]}}}";
    }
    return R"({"source": ["aws.medical-imaging"], "$or": [{"detail": {"datastoreId": [)" +
           quoted(data_store(i)) +
           R"(], "isPrimary": [false]}}, {"detail-type": ["Image Set Deleted"], "detail": {"imageSetId": [{"prefix": ")" +
           hex_id(i).substr(0, 3) + R"("}]}}]})";
}

std::vector<events::Pattern> make_rules(std::size_t count) {
    std::vector<events::Pattern> rules;
    for (std::size_t i = 0; i < count; ++i) {
        auto rule =
            events::parse_pattern(i % 5 == 4 ? other_rule(i / 5 % 200) : plain_rule(i - i / 5));
        LARMOR_CHECK(rule.has_value());
        rules.push_back(*std::move(rule));
    }
    return rules;
}

events::StoredEvent image_set_event(std::size_t i) {
    const std::string store = data_store(i * 7);
    const std::string set = hex_id(1'000'000 + i);
    const std::string change = kChanges[i % 3];
    return {
        .position = {1, static_cast<std::int64_t>(i)},
        .id = "11111111-2222-4333-8444-555555555555",
        .time = Time(std::chrono::microseconds(1'767'311'999'000'000)),
        .detail_type = "Image Set " + change,
        .detail =
            R"({"imagingVersion":"1.0","isPrimary":true,"imageSetVersion":"2","datastoreId":")" +
            store + R"(","imagesetId":")" + set + R"(","imageSetId":")" + set +
            R"(","imageSetState":")" + (i % 3 == 2 ? "DELETED" : "ACTIVE") +
            R"(","imageSetWorkflowStatus":")" +
            (i % 3 == 0   ? "CREATED"
             : i % 3 == 1 ? "UPDATED"
                          : "DELETED") +
            R"("})",
        .resource = events::image_set_arn({}, store, set),
        .subject_id = set};
}

std::string other_event(std::size_t i) {
    const bool is_object = i % 3 != 0;
    events::StoredEvent event = image_set_event(i);
    event.resource = is_object ? "arn:aws:s3:::archive-7" : "";
    event.detail_type = is_object ? "Object Restore Completed" : "Job Progress";
    event.detail =
        is_object
            ? R"({"version":"0","bucket":{"name":"archive-)" + std::to_string(i % 100) +
                  R"("},"object":{"key":"site-)" + std::to_string(i % 1000) +
                  R"(/batch.tar","size":)" + std::to_string(i * 130'000) +
                  R"(,"etag":"0123456789abcdef"},"request-id":"D1B2","requester":"000000000000","restore-expiry-time":"2026-01-09T00:00:00Z","source-storage-class":"GLACIER"})"
            : R"({"jobId":")" + hex_id(i) + R"(","kind":"kind-)" + std::to_string(35 + i % 35) +
                  R"(","state":"running","progress":{"done":)" + std::to_string(i) +
                  R"(,"total":1000,"unit":"instances"}})";
    return events::to_envelope(event, {.source = is_object ? "aws.s3" : "larmor.jobs"});
}

std::vector<std::string> make_events() {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < 1000; ++i) {
        texts.push_back(i % 10 < 7 ? events::to_envelope(image_set_event(i), {})
                                   : other_event(i));
    }
    return texts;
}

void report(benchmark::State& state, std::size_t matched) {
    const auto count = static_cast<double>(state.iterations());
    state.counters["events/s"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
    state.counters["matched"] = static_cast<double>(matched) / count;
}

void compiled(benchmark::State& state) {
    const auto patterns = make_rules(static_cast<std::size_t>(state.range(0)));
    auto rules = events::RuleSet::compile(patterns);
    LARMOR_CHECK(rules.has_value());
    const auto texts = make_events();
    events::EventMatcher matcher;
    std::size_t next = 0;
    std::size_t matched = 0;
    while (state.KeepRunning()) {
        const auto found = matcher.match(*rules, texts[next]);
        LARMOR_CHECK(found.has_value());
        matched += found->size();
        next = next + 1 < texts.size() ? next + 1 : 0;
    }
    report(state, matched);
}

void one_by_one(benchmark::State& state) {
    const auto patterns = make_rules(static_cast<std::size_t>(state.range(0)));
    std::vector<events::RuleSet> rules;
    for (const auto& pattern : patterns) {
        auto rule = events::RuleSet::compile(std::span(&pattern, 1));
        LARMOR_CHECK(rule.has_value());
        rules.push_back(*std::move(rule));
    }
    const auto texts = make_events();
    events::EventMatcher matcher;
    std::size_t next = 0;
    std::size_t matched = 0;
    while (state.KeepRunning()) {
        for (const auto& rule : rules) matched += matcher.match(rule, texts[next])->size();
        next = next + 1 < texts.size() ? next + 1 : 0;
    }
    report(state, matched);
}

void compile(benchmark::State& state) {
    const auto patterns = make_rules(static_cast<std::size_t>(state.range(0)));
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(events::RuleSet::compile(patterns));
    }
}

BENCHMARK(compiled)->Arg(1)->Arg(20)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(one_by_one)->Arg(1000)->Unit(benchmark::kMicrosecond);
BENCHMARK(compile)->Arg(1000)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();

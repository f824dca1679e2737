#include "workers/steps/replay_parameters.h"

#include <simdjson.h>

#include "base/json_text.h"
#include "events/pattern.h"

namespace larmor::workers {
namespace {

tl::unexpected<Error> wrong_parameter(std::string_view member, std::string_view what) {
    return fail(ErrorCode::InvalidInput,
                "the parameter " + std::string(member) + " is " + std::string(what));
}

Result<void> take_parameter(ReplayParameters& parameters, std::string_view name,
                            simdjson::dom::element value) {
    std::string_view text;
    std::int64_t number = 0;
    if (name == "queue") {
        if (value.get(text) != simdjson::SUCCESS) {
            return wrong_parameter(name, "the name of a queue");
        }
        parameters.queue = text;
    } else if (name == "rule") {
        if (value.get(text) != simdjson::SUCCESS) {
            return wrong_parameter(name, "the name of a rule");
        }
        parameters.rule = text;
    } else if (name == "from") {
        if (value.get(number) == simdjson::SUCCESS && number >= 1) {
            parameters.from_sequence = number;
            parameters.from_time.reset();
        } else if (value.get(text) == simdjson::SUCCESS) {
            TRY(parameters.from_time, parse_utc_time(text));
            parameters.from_sequence.reset();
        } else {
            return wrong_parameter(name, "the number of an event, or a time in UTC");
        }
    } else if (name == "last") {
        if (value.get(number) != simdjson::SUCCESS || number < 1) {
            return wrong_parameter(name, "the number of an event");
        }
        parameters.last = number;
    } else if (name == "pattern") {
        simdjson::dom::object pattern;
        if (value.get(pattern) != simdjson::SUCCESS) {
            return wrong_parameter(name, "an event pattern, a JSON object");
        }
        parameters.pattern = simdjson::minify(pattern);
        TRY_VOID(events::parse_pattern(*parameters.pattern));
    } else {
        return fail(ErrorCode::InvalidInput,
                    "a replay has the parameters queue or rule, from, last and pattern, and no "
                    "other");
    }
    return {};
}

}  // namespace

Result<ReplayParameters> parse_replay_parameters(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(json).get(object) != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput, "the parameters are a JSON object");
    }
    ReplayParameters parameters;
    for (const auto [name, value] : object) {
        TRY_VOID(take_parameter(parameters, name, value));
    }
    if (parameters.queue.empty() && parameters.rule.empty()) {
        return wrong_parameter("queue", "missing, and so is rule");
    }
    if (!parameters.queue.empty() && !parameters.rule.empty()) {
        return wrong_parameter("rule", "there beside queue: a replay has one of them");
    }
    if (!parameters.rule.empty() && parameters.pattern) {
        return wrong_parameter("pattern", "the rule's where one is named");
    }
    if (!parameters.from_sequence && !parameters.from_time) {
        return wrong_parameter("from", "missing");
    }
    return parameters;
}

}  // namespace larmor::workers

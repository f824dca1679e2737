#include "api/rule_json.h"

#include <simdjson.h>

#include "base/json_text.h"

namespace larmor::api {
namespace {

namespace ondemand = simdjson::ondemand;

tl::unexpected<Error> wrong_member(std::string_view name, std::string_view what) {
    return fail(ErrorCode::InvalidInput,
                "the member " + std::string(name) + " is " + std::string(what));
}

Result<events::Target> parse_target(ondemand::object object) {
    const auto wrong = [] {
        return wrong_member("targets", R"(an array of {"queue": NAME} and {"webhook": URL})");
    };
    std::optional<events::Target> target;
    for (auto field : object) {
        std::string_view key;
        std::string_view address;
        if (target || field.unescaped_key().get(key)) return wrong();
        TRY(const auto kind, events::parse_target_kind(key));
        if (field.value().get_string().get(address)) return wrong();
        target = events::Target{kind, std::string(address)};
    }
    if (!target) return wrong();
    return *std::move(target);
}

Result<void> take_rule_member(RuleRequest& request, std::string_view name,
                              ondemand::value value) {
    if (name == "pattern") {
        ondemand::object pattern;
        std::string_view raw;
        if (value.get_object().get(pattern) || pattern.raw_json().get(raw)) {
            return wrong_member(name, "an event pattern, a JSON object");
        }
        request.draft.pattern = raw;
        return {};
    }
    if (name == "targets") {
        ondemand::array targets;
        if (value.get_array().get(targets)) return wrong_member(name, "an array");
        for (auto element : targets) {
            ondemand::object object;
            if (element.get_object().get(object)) return wrong_member(name, "of objects");
            TRY(auto target, parse_target(object));
            request.draft.targets.push_back(std::move(target));
        }
        return {};
    }
    if (name == "enabled") {
        if (!value.get_bool().get(request.draft.is_enabled)) return {};
        return wrong_member(name, "true or false");
    }
    if (name == "version") {
        std::int64_t version = 0;
        if (value.get_int64().get(version)) return wrong_member(name, "a number");
        request.version = version;
        return {};
    }
    return fail(ErrorCode::InvalidInput, "the body has a member that is not known here");
}

}  // namespace

void append_rule_json(std::string& json, const events::Rule& rule) {
    json += R"({"name":)";
    append_json_string(json, rule.name);
    json += R"(,"version":)" + std::to_string(rule.version);
    json += R"(,"updated":)";
    append_json_string(json, to_iso8601(rule.updated));
    json += R"(,"enabled":)";
    json += rule.is_enabled ? "true" : "false";
    json += R"(,"pattern":)" + rule.pattern;
    json += R"(,"targets":[)";
    for (std::size_t i = 0; i < rule.targets.size(); ++i) {
        json += i > 0 ? ",{" : "{";
        append_json_string(json, events::name_of(rule.targets[i].kind));
        json += ':';
        append_json_string(json, rule.targets[i].address);
        json += '}';
    }
    json += "]}";
}

Result<RuleRequest> parse_rule_request(std::string_view json) {
    const simdjson::padded_string padded(json);
    ondemand::parser parser;
    ondemand::document document;
    ondemand::object object;
    if (parser.iterate(padded).get(document) || document.get_object().get(object)) {
        return fail(ErrorCode::InvalidInput, "the body is no JSON object");
    }
    RuleRequest request;
    for (auto field : object) {
        std::string_view key;
        ondemand::value value;
        if (field.unescaped_key().get(key) || field.value().get(value)) {
            return fail(ErrorCode::InvalidInput, "the body is no JSON object");
        }
        TRY_VOID(take_rule_member(request, std::string(key), value));
    }
    return request;
}

}  // namespace larmor::api

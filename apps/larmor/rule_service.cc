#include "larmor/rule_service.h"

#include <simdjson.h>

#include "api/rule_json.h"
#include "base/percent.h"
#include "larmor/open_service.h"
#include "routing/own_queues.h"

namespace larmor {
namespace {

class LocalRules final : public RuleService {
public:
    explicit LocalRules(std::unique_ptr<Library> library) : library_(std::move(library)) {}

    Result<std::vector<std::string>> list() override {
        TRY(const auto rules, library_->database().read([](db::Snapshot& snapshot) {
            return events::Rules::list(snapshot, "", events::kRulesMax);
        }));
        std::vector<std::string> lines;
        for (const auto& rule : rules) api::append_rule_json(lines.emplace_back(), rule);
        return lines;
    }
    Result<std::optional<std::int64_t>> version_of(const std::string& name) override {
        const auto rule = library_->database().read(
            [&](db::Snapshot& snapshot) { return events::Rules::find(snapshot, name); });
        if (rule) return rule->version;
        if (rule.error().code == ErrorCode::NotFound) return std::nullopt;
        return tl::unexpected(rule.error());
    }
    Result<std::string> put(const std::string& name, const std::string& body) override {
        TRY(auto request, api::parse_rule_request(body));
        request.draft.name = name;
        TRY_VOID(events::Rules::check(request.draft));
        TRY_VOID(routing::make_missing_queues(library_->queues(), request.draft.targets));
        TRY(const auto rule, library_->database().write_and_wait([&](db::Transaction& tx) {
            return request.version ? rules_.update(tx, request.draft, *request.version)
                                   : rules_.create(tx, request.draft);
        }));
        TRY_VOID(put_on_record(name));
        std::string json;
        api::append_rule_json(json, rule);
        return json;
    }
    Result<void> remove(const std::string& name, std::optional<std::int64_t> version) override {
        TRY_VOID(library_->database().write_and_wait(
            [&](db::Transaction& tx) { return rules_.remove(tx, name, version); }));
        return put_on_record(name);
    }

private:
    Result<void> put_on_record(const std::string& name) {
        audit::Entry entry;
        entry.action = audit::Action::RuleChange;
        entry.subject.object = name;
        return larmor::put_on_record(*library_, "rule", std::move(entry));
    }

    std::unique_ptr<Library> library_;
    events::Rules rules_;
};

/// `/v1/rules` of a running server.
class RemoteRules final : public RuleService {
public:
    explicit RemoteRules(const RunningServer& server) : api_(server, std::chrono::minutes(1)) {}

    Result<std::vector<std::string>> list() override {
        std::vector<std::string> lines;
        std::string after;
        for (;;) {
            TRY(const auto answer,
                api_.call("GET", "/v1/rules?after=" + percent_encode(after)));
            const std::size_t before = lines.size();
            TRY_VOID(append_lines(answer, lines, after));
            if (lines.size() == before) return lines;
        }
    }
    Result<std::optional<std::int64_t>> version_of(const std::string& name) override {
        const auto answer = api_.call("GET", path_of(name));
        if (!answer && answer.error().code == ErrorCode::NotFound) return std::nullopt;
        if (!answer) return tl::unexpected(answer.error());
        const simdjson::padded_string padded(*answer);
        simdjson::ondemand::parser parser;
        simdjson::ondemand::document document;
        std::int64_t version = 0;
        if (parser.iterate(padded).get(document) || document["version"].get(version)) {
            return unexpected_answer();
        }
        return version;
    }
    Result<std::string> put(const std::string& name, const std::string& body) override {
        return api_.call("PUT", path_of(name), body);
    }
    Result<void> remove(const std::string& name, std::optional<std::int64_t> version) override {
        const std::string query = version ? "?version=" + std::to_string(*version) : "";
        TRY_VOID(api_.call("DELETE", path_of(name) + query));
        return {};
    }

private:
    static std::string path_of(const std::string& name) {
        return "/v1/rules/" + percent_encode(name);
    }
    static Result<void> append_lines(const std::string& json, std::vector<std::string>& lines,
                                     std::string& after) {
        const simdjson::padded_string padded(json);
        simdjson::ondemand::parser parser;
        simdjson::ondemand::document document;
        simdjson::ondemand::array array;
        if (parser.iterate(padded).get(document) || document.get_array().get(array)) {
            return unexpected_answer();
        }
        for (auto element : array) {
            simdjson::ondemand::object object;
            std::string_view name;
            std::string_view raw;
            if (element.get_object().get(object) || object["name"].get(name)) {
                return unexpected_answer();
            }
            after = name;
            if (object.raw_json().get(raw)) return unexpected_answer();
            lines.emplace_back(raw);
        }
        return {};
    }

    ServerApi api_;
};

}  // namespace

Result<std::unique_ptr<RuleService>> open_rule_service(const Settings& settings) {
    return open_service<RuleService, LocalRules, RemoteRules>(settings);
}

}  // namespace larmor

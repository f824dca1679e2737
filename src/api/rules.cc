#include "api/rules.h"

#include "api/access.h"
#include "api/audited.h"
#include "api/handler.h"
#include "api/json_request.h"
#include "api/list_query.h"
#include "api/problem.h"
#include "api/rule_json.h"
#include "events/pattern.h"
#include "http/query.h"
#include "observe/log.h"
#include "routing/own_queues.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

constexpr std::size_t kRulesListed = 500;
constexpr std::uint64_t kRuleBodyMax = events::kPatternBytesMax + 16 * 1024;

Response rule_response(const events::Rule& rule, int status) {
    std::string json;
    append_rule_json(json, rule);
    Response response = private_json(std::move(json), status);
    AuditNote note;
    note.subjects.emplace_back().object = rule.name;
    response.context = std::move(note);
    return response;
}

Task<Response> list_rules(ContextPtr context, Request request) {
    const auto query = http::parse_query(request.query);
    if (!query) {
        co_return problem(request, query.error());
    }
    const std::string after(query->find("after").value_or(""));
    const auto rules = co_await context->read([&](db::Snapshot& snapshot) {
        return events::Rules::list(snapshot, after, kRulesListed);
    });
    if (!rules) {
        co_return problem(request, rules.error());
    }
    std::string json = "[";
    for (const auto& rule : *rules) {
        json += json.size() > 1 ? "," : "";
        append_rule_json(json, rule);
    }
    json += ']';
    co_return private_json(std::move(json));
}

Task<Response> get_rule(ContextPtr context, Request request) {
    const std::string& name = request.path_parameter("rule");
    const auto rule = co_await context->read(
        [&](db::Snapshot& snapshot) { return events::Rules::find(snapshot, name); });
    if (!rule) {
        co_return problem(request, rule.error());
    }
    co_return rule_response(*rule, 200);
}

Task<Response> put_rule(ContextPtr context, Request request) {
    auto body = co_await read_json_body(request, kRuleBodyMax);
    if (!body) {
        co_return std::move(body).error();
    }
    auto wanted = parse_rule_request(*body);
    if (!wanted) {
        co_return problem(request, wanted.error());
    }
    wanted->draft.name = request.path_parameter("rule");
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return problem(request, allowed.error());
    }
    // Before the rule: what it sends from its first event on must find its queue.
    const auto ready = co_await context->work([&]() -> Result<void> {
        TRY_VOID(events::Rules::check(wanted->draft));
        return routing::make_missing_queues(services.queues, wanted->draft.targets);
    });
    if (!ready) {
        co_return problem(request, ready.error());
    }
    const events::Rules rules(services.clock);
    const auto rule = co_await services.database.write([&](db::Transaction& tx) {
        return wanted->version ? rules.update(tx, wanted->draft, *wanted->version)
                               : rules.create(tx, wanted->draft);
    });
    if (!rule) {
        co_return problem(request, rule.error());
    }
    observe::log_info("rule changed", {{"request_id", request.id},
                                       {"rule", rule->name},
                                       {"version", rule->version},
                                       {"by", principal_of(request)->id}});
    co_return rule_response(*rule, wanted->version ? 200 : 201);
}

/// Errors: InvalidInput.
Result<std::optional<std::int64_t>> version_in(const Request& request) {
    TRY(const auto query, http::parse_query(request.query));
    return number_in(query, "version");
}

Task<Response> delete_rule(ContextPtr context, Request request) {
    const auto version = version_in(request);
    if (!version) {
        co_return problem(request, version.error());
    }
    const std::string& name = request.path_parameter("rule");
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return problem(request, allowed.error());
    }
    const events::Rules rules(services.clock);
    const auto removed = co_await services.database.write(
        [&](db::Transaction& tx) { return rules.remove(tx, name, *version); });
    if (!removed) {
        co_return problem(request, removed.error());
    }
    observe::log_info(
        "rule deleted",
        {{"request_id", request.id}, {"rule", name}, {"by", principal_of(request)->id}});
    Response response(204);
    AuditNote note;
    note.subjects.emplace_back().object = name;
    response.context = std::move(note);
    co_return response;
}

}  // namespace

void add_rule_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](http::Method method, std::string pattern, std::string name,
                         audit::Action act, http::Handler handler) {
        router.add({.method = method,
                    .pattern = std::move(pattern),
                    .name = std::move(name),
                    .right = right(auth::Right::Administer, act),
                    .handler = std::move(handler),
                    .body_max = kRuleBodyMax});
    };
    // What is looked at says nothing of a patient.
    add(http::Method::Get, "/v1/rules", "rules.list", audit::Action::None,
        handler(context, list_rules));
    add(http::Method::Get, "/v1/rules/{rule}", "rules.show", audit::Action::None,
        handler(context, get_rule));
    add(http::Method::Put, "/v1/rules/{rule}", "rules.put", audit::Action::RuleChange,
        handler(context, put_rule));
    add(http::Method::Delete, "/v1/rules/{rule}", "rules.delete", audit::Action::RuleChange,
        handler(context, delete_rule));
}

}  // namespace larmor::api

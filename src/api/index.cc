#include "api/index.h"

#include "api/access.h"
#include "api/audited.h"
#include "api/handler.h"
#include "api/index_acts.h"
#include "api/index_position.h"
#include "api/job_json.h"
#include "api/json_request.h"
#include "api/list_query.h"
#include "api/problem.h"
#include "base/json_text.h"
#include "events/event_reader.h"
#include "http/query.h"
#include "jobs/dispatch.h"
#include "observe/log.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

Task<Response> list_targets(ContextPtr context, Request request) {
    auto json =
        co_await context->work([&] { return json_of_index(index_services_of(*context)); });
    if (!json) {
        co_return problem(request, json.error());
    }
    co_return private_json(*std::move(json));
}

Task<Response> get_target(ContextPtr context, Request request) {
    const std::string target = request.path_parameter("target");
    const auto is_there = co_await wait_until_at(context, &request, target);
    if (!is_there) {
        co_return problem(request, is_there.error());
    }
    auto json = co_await context->work(
        [&] { return json_of_index_target(index_services_of(*context), target); });
    if (!json) {
        co_return problem(request, json.error());
    }
    co_return private_json(*std::move(json));
}

Task<Response> rebuild(ContextPtr context, Request request) {
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return problem(request, allowed.error());
    }
    const std::string target = request.path_parameter("target");
    const auto position = co_await context->work(
        [&] { return rebuild_index(index_services_of(*context), target); });
    if (!position) {
        co_return problem(request, position.error());
    }
    observe::log_info(
        "a target of the index is rebuilt",
        {{"request_id", request.id}, {"target", target}, {"by", principal_of(request)->id}});
    co_return private_json(R"({"sequence":)" + to_json_string(events::to_text(*position)) + '}',
                           202);
}

/// `?repair=true`. Errors: InvalidInput.
Result<jobs::NewJob> parse_check(const Request& request) {
    TRY(const auto query, http::parse_query(request.query));
    const std::string repair(query.find("repair").value_or("false"));
    if (repair != "true" && repair != "false") {
        return fail(ErrorCode::InvalidInput, "repair is true or false");
    }
    jobs::NewJob job;
    job.kind = "index-check";
    job.parameters = R"({"target":)" + to_json_string(request.path_parameter("target")) +
                     R"(,"repair":)" + repair + '}';
    job.created_by = principal_of(request)->id;
    return job;
}

/// As POST /v1/jobs of that kind.
Task<Response> check(ContextPtr context, Request request) {
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return problem(request, allowed.error());
    }
    const auto wanted = parse_check(request);
    if (!wanted) {
        co_return problem(request, wanted.error());
    }
    const std::string target = request.path_parameter("target");
    if (!services.index_targets.contains(target)) {
        const Error none{ErrorCode::NotFound, "this server keeps no target " + target +
                                                  ": it is started with --index-" + target};
        co_return problem(request, none);
    }
    const auto created = co_await services.database.write([&](db::Transaction& tx) {
        return jobs::dispatch(tx, services.jobs.jobs, services.jobs.queue, *wanted);
    });
    if (!created) {
        co_return problem(request, created.error());
    }
    const std::string id = std::to_string(to_int64(created->job.id));
    observe::log_info("a target of the index is compared", {{"request_id", request.id},
                                                            {"target", target},
                                                            {"job", id},
                                                            {"by", wanted->created_by}});
    std::string json;
    append_job_json(json, created->job);
    Response response = private_json(std::move(json), 202);
    response.headers.add("Location", "/v1/jobs/" + id);
    co_return response;
}

Task<Response> remove_target(ContextPtr context, Request request) {
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return problem(request, allowed.error());
    }
    const std::string target = request.path_parameter("target");
    const auto removed = co_await context->work(
        [&] { return remove_index(index_services_of(*context), target); });
    if (!removed) {
        co_return problem(request, removed.error());
    }
    observe::log_info(
        "a target of the index is no longer fed",
        {{"request_id", request.id}, {"target", target}, {"by", principal_of(request)->id}});
    co_return Response(204);
}

}  // namespace

void add_index_routes(http::Router& router, const ContextPtr& context) {
    using enum http::Method;
    using auth::Right;
    const auto add = [&](http::Method method, std::string pattern, std::string name, Right need,
                         audit::Action action, http::Handler handle) {
        router.add({.method = method,
                    .pattern = "/v1/index" + std::move(pattern),
                    .name = "index." + std::move(name),
                    .right = right(need, action),
                    .handler = std::move(handle),
                    .body_max = 0});
    };
    add(Get, "", "list", Right::Observe, audit::Action::None, handler(context, list_targets));
    add(Get, "/{target}", "show", Right::Observe, audit::Action::None,
        handler(context, get_target));
    add(Post, "/{target}/rebuild", "rebuild", Right::Administer, audit::Action::QueueChange,
        handler(context, rebuild));
    add(Post, "/{target}/check", "check", Right::Administer, audit::Action::QueueChange,
        handler(context, check));
    add(Delete, "/{target}", "remove", Right::Administer, audit::Action::QueueChange,
        handler(context, remove_target));
}

}  // namespace larmor::api

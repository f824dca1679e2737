#include "api/index.h"

#include "api/access.h"
#include "api/handler.h"
#include "api/index_acts.h"
#include "api/json_request.h"
#include "api/problem.h"
#include "observe/log.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

Task<Response> list_targets(ContextPtr context, Request request) {
    auto json = co_await context->work([&] { return json_of_index(context->services.queues); });
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
    const std::string& target = request.path_parameter("target");
    const auto sent = co_await context->work(
        [&] { return rebuild_index(services.database, services.queues, target); });
    if (!sent) {
        co_return problem(request, sent.error());
    }
    observe::log_info(
        "a target of the index is rebuilt",
        {{"request_id", request.id}, {"target", target}, {"by", principal_of(request)->id}});
    co_return private_json("{}", 202);
}

}  // namespace

void add_index_routes(http::Router& router, const ContextPtr& context) {
    using enum http::Method;
    router.add({.method = Get,
                .pattern = "/v1/index",
                .name = "index.list",
                .right = right(auth::Right::Observe, audit::Action::None),
                .handler = handler(context, list_targets),
                .body_max = 0});
    router.add({.method = Post,
                .pattern = "/v1/index/{target}/rebuild",
                .name = "index.rebuild",
                .right = right(auth::Right::Administer, audit::Action::QueueChange),
                .handler = handler(context, rebuild),
                .body_max = 0});
}

}  // namespace larmor::api

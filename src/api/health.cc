#include "api/health.h"

#include "api/access.h"
#include "api/problem.h"
#include "auth/cross_site.h"
#include "base/json_text.h"
#include "http/compress.h"
#include "observe/metrics.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

Task<Response> worker_health(WorkerServices, Request) {
    co_return health_response();
}

Task<Response> worker_readiness(WorkerServices services, Request request) {
    const auto readable = co_await services.pool.run(
        async::Priority::Interactive, [&] { return check_readable(services.database); });
    if (!readable) {
        co_return problem(request, readable.error(), 503);
    }
    co_return readiness_response(request, services.admission.state());
}

Task<Response> worker_metrics(WorkerServices, Request request) {
    co_return metrics_response(request);
}

}  // namespace

Response health_response() {
    return private_json(R"({"status":"ok"})");
}

Result<void> check_readable(db::Database& database) {
    return database.read([](db::Snapshot& snapshot) -> Result<void> {
        TRY(db::Query query, snapshot.prepare("SELECT 1"));
        TRY_VOID(query.next());
        return {};
    });
}

Response readiness_response(const Request& request, const admission::State& state) {
    if (state.read_only && state.read_only->cause == admission::Cause::Failure) {
        return problem(request, {ErrorCode::NoSpace, state.read_only->reason}, 503);
    }
    std::string json = R"({"status":"ready")";
    if (state.read_only || state.below_mark) {
        json += R"(,"reason":)";
        append_json_string(
            json, state.read_only ? state.read_only->reason : state.below_mark->message);
    }
    return private_json(json + '}');
}

Response metrics_response(const Request& request) {
    Response response(200, observe::Registry::kContentType, observe::metrics().to_text());
    response.headers.add("Cache-Control", "no-store");
    return http::compress_if_accepted(request.headers, std::move(response));
}

std::shared_ptr<http::Router> make_worker_router(WorkerServices services) {
    auto router = std::make_shared<http::Router>();
    router->add_head_hook([](Request& request) -> std::optional<Response> {
        const auto local = auth::check_local_host(request.headers.get("Host"));
        if (!local) return problem(request, local.error());
        return std::nullopt;
    });
    const auto add = [&](std::string pattern, std::string name, auto answer) {
        router->add({.method = http::Method::Get,
                     .pattern = std::move(pattern),
                     .name = std::move(name),
                     .right = right(auth::Right::Public, audit::Action::None),
                     .handler = [services, answer](Request request) {
                         return answer(services, std::move(request));
                     }});
    };
    add("/healthz", "worker.health", worker_health);
    add("/readyz", "worker.readiness", worker_readiness);
    add("/metrics", "worker.metrics", worker_metrics);
    return router;
}

}  // namespace larmor::api

#include "api/system.h"

#include "api/access.h"
#include "api/handler.h"
#include "api/health.h"
#include "api/problem.h"
#include "http/conditional.h"
#include "http/static_files.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

/// What the page may do. Cornerstone3D decodes in workers with WebAssembly and shows what it
/// drew from blobs; styles of components are inline. Nothing comes from elsewhere.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; "
    "connect-src 'self' blob: data:; img-src 'self' blob: data:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

Task<Response> show_health(ContextPtr, Request) {
    co_return health_response();
}

Task<Response> show_readiness(ContextPtr context, Request request) {
    const auto readable =
        co_await context->work([&] { return check_readable(context->services.database); });
    if (!readable) {
        co_return problem(request, readable.error(), 503);
    }
    if (const auto recorded = context->services.audit.check_writable(); !recorded) {
        co_return problem(request, recorded.error(), 503);
    }
    co_return readiness_response(request, context->services.admission.state());
}

Task<Response> show_metrics(ContextPtr, Request request) {
    co_return metrics_response(request);
}

Task<Response> show_openapi(ContextPtr, Request request) {
    // Text of the program: it has no owner and outlives every response.
    Response response(200, "application/json",
                      http::SharedBytes{nullptr, as_bytes(openapi_document())});
    response.headers.add(
        "ETag", http::etag_of(to_hex(Bytes(sha256(as_bytes(openapi_document()))).first(8))));
    response.headers.add("Cache-Control", "no-cache");
    co_return http::with_conditions(request.method, request.headers, std::move(response));
}

/// Paths of programs, which want a 404 and not the page.
bool is_of_programs(std::string_view path) {
    return path == "v1" || path.starts_with("v1/") || path == "dicomweb" ||
           path.starts_with("dicomweb/");
}

}  // namespace

void add_system_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](std::string pattern, std::string name, auth::Right needed,
                         auto answer) {
        router.add({.method = http::Method::Get,
                    .pattern = std::move(pattern),
                    .name = std::move(name),
                    .right = right(needed, audit::Action::None),
                    .handler = handler(context, answer)});
    };
    add("/healthz", "system.health", auth::Right::Public, show_health);
    add("/readyz", "system.readiness", auth::Right::Public, show_readiness);
    add("/metrics", "system.metrics", auth::Right::Observe, show_metrics);
    add("/openapi.json", "system.openapi", auth::Right::Public, show_openapi);
}

Result<void> add_page_routes(http::Router& router, const ContextPtr& context) {
    if (!context->options.web_folder) {
        return {};
    }
    http::StaticOptions options;
    options.folder = *context->options.web_folder;
    options.extra_headers.add("Content-Security-Policy", kContentSecurityPolicy);
    options.extra_headers.add("Referrer-Policy", "no-referrer");
    options.extra_headers.add("Cross-Origin-Opener-Policy", "same-origin");
    TRY(const auto files, http::StaticFiles::load(std::move(options)));
    const auto answer = [files](Request request) -> Response {
        const std::string& path = request.path_parameter("path");
        if (is_of_programs(path)) {
            return problem(request, {ErrorCode::NotFound, "there is nothing at this path"});
        }
        return files->answer(path, request.method, request.headers);
    };
    router.add({.method = http::Method::Get,
                .pattern = "/{path...}",
                .name = "page",
                .right = right(auth::Right::Public, audit::Action::None),
                .handler = [answer](Request request) {
                    return [](Response response) -> Task<Response> {
                        co_return response;
                    }(answer(std::move(request)));
                }});
    return {};
}

}  // namespace larmor::api

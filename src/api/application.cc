#include "api/application.h"

#include "api/access.h"
#include "api/context.h"
#include "api/dicomweb/routes.h"
#include "api/instances.h"
#include "api/session.h"
#include "api/system.h"
#include "base/percent.h"

namespace larmor::api {
namespace {

/// What every answer carries: a browser must not guess what bytes are, and no other site may
/// embed them.
http::Task<http::Response> with_safe_headers(http::Request request, http::Next next) {
    http::Response response = co_await next(std::move(request));
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.add("Cross-Origin-Resource-Policy", "same-origin");
    co_return response;
}

}  // namespace

Result<std::shared_ptr<http::Router>> make_router(Services services, Options options) {
    auto context = std::make_shared<Context>(services, std::move(options));
    auto router = std::make_shared<http::Router>();
    router->add_head_hook(
        [context](http::Request& request) { return check_access(*context, request); });
    router->add_middleware(with_safe_headers);
    add_store_routes(*router, context);
    add_search_routes(*router, context);
    add_retrieve_routes(*router, context);
    add_metadata_routes(*router, context);
    add_frame_routes(*router, context);
    add_bulk_data_routes(*router, context);
    add_rendered_routes(*router, context);
    add_instance_routes(*router, context);
    add_session_routes(*router, context);
    add_token_routes(*router, context);
    add_system_routes(*router, context);
    TRY_VOID(add_page_routes(*router, context));
    return router;
}

std::string sign_in_url(std::string_view base_url, std::string_view code) {
    return std::string(base_url) + "/signin?code=" + percent_encode(code);
}

}  // namespace larmor::api

#include "api/application.h"

#include <algorithm>

#include "api/access.h"
#include "api/audited.h"
#include "api/context.h"
#include "api/deletions.h"
#include "api/dicomweb/routes.h"
#include "api/events.h"
#include "api/exports.h"
#include "api/healthimaging/routes.h"
#include "api/healthimaging/signature.h"
#include "api/image_sets.h"
#include "api/index.h"
#include "api/instances.h"
#include "api/jobs.h"
#include "api/queue_messages.h"
#include "api/queues.h"
#include "api/rules.h"
#include "api/search.h"
#include "api/session.h"
#include "api/system.h"
#include "base/percent.h"

namespace larmor::api {
namespace {

/// A preflight carries no credentials, and a page must be able to read why it was refused.
std::optional<http::Response> refuse_or_preflight(const Context& context,
                                                  http::Request& request) {
    if (auto preflight = context.options.cors.preflight(request)) {
        return preflight;
    }
    auto refused = check_access(context, request);
    if (refused) {
        context.options.cors.apply(request.headers.get("Origin"), *refused);
    }
    return refused;
}

/// What every answer carries: a browser must not guess what bytes are, and no other site may
/// embed them; pages of those that are allowed may read them.
http::Task<http::Response> with_site_headers(ContextPtr context, http::Request request,
                                             http::Next next) {
    const std::string origin(request.headers.get("Origin"));
    http::Response response = co_await next(std::move(request));
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.add("Cross-Origin-Resource-Policy", "same-origin");
    context->options.cors.apply(origin, response);
    co_return response;
}

constexpr std::size_t kBaseUrlMaxBytes = 512;

}  // namespace

Result<std::string> parse_base_url(std::string_view text) {
    std::string_view rest = text;
    const std::string_view scheme = rest.starts_with("https://") ? "https://" : "http://";
    const auto is_path_char = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("/-._~").find(c) != std::string_view::npos;
    };
    if (rest.starts_with(scheme)) {
        rest.remove_prefix(scheme.size());
        const auto host = rest.substr(0, rest.find('/'));
        auto path = rest.substr(host.size());
        while (path.ends_with('/')) {
            path.remove_suffix(1);
        }
        if (text.size() <= kBaseUrlMaxBytes && http::is_host(host) &&
            std::ranges::all_of(path, is_path_char)) {
            return std::string(scheme) + std::string(host) + std::string(path);
        }
    }
    return fail(ErrorCode::InvalidInput,
                "'" + std::string(text) +
                    "' is no base URL such as https://pacs.example/larmor: scheme, host and a "
                    "path of letters, digits and -._~");
}

Result<std::shared_ptr<http::Router>> make_router(Services services, Options options) {
    auto context = std::make_shared<Context>(services, std::move(options));
    auto router = std::make_shared<http::Router>();
    router->add_head_hook(
        [context](http::Request& request) { return refuse_or_preflight(*context, request); });
    router->set_overload_answer([](const http::Request& request,
                                   std::string_view why) -> std::optional<http::Response> {
        if (!is_healthimaging(request)) return std::nullopt;
        return service_error(request, {ErrorCode::Unavailable, std::string(why)});
    });
    router->add_middleware([context](http::Request request, http::Next next) {
        return with_site_headers(context, std::move(request), std::move(next));
    });
    router->add_middleware([context](http::Request request, http::Next next) {
        return with_signed_body(context, std::move(request), std::move(next));
    });
    router->add_middleware([context](http::Request request, http::Next next) {
        return with_audit(context, std::move(request), std::move(next));
    });
    add_store_routes(*router, context);
    add_search_routes(*router, context);
    add_retrieve_routes(*router, context);
    add_metadata_routes(*router, context);
    add_frame_routes(*router, context);
    add_bulk_data_routes(*router, context);
    add_rendered_routes(*router, context);
    add_uri_routes(*router, context);
    add_export_routes(*router, context);
    add_capabilities_route(*router, context);
    add_instance_routes(*router, context);
    add_deletion_routes(*router, context);
    add_image_set_routes(*router, context);
    add_event_routes(*router, context);
    add_rule_routes(*router, context);
    add_index_routes(*router, context);
    add_search_index_route(*router, context);
    add_healthimaging_routes(*router, context);
    add_queue_routes(*router, context);
    add_queue_message_routes(*router, context);
    add_job_routes(*router, context);
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

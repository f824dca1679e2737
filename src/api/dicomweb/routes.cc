#include "api/dicomweb/routes.h"

#include "api/access.h"
#include "api/problem.h"

namespace larmor::api {
namespace {

http::Task<http::Response> answer(ContextPtr context, GetHandler handler,
                                  http::Request request) {
    http::Request about;  // what a problem document says of the request
    about.id = request.id;
    auto response = co_await handler(std::move(context), std::move(request));
    if (!response) {
        co_return problem(about, response.error());
    }
    // Every resource has several media types, or its problems have.
    response->headers.add("Vary", "Accept");
    co_return *std::move(response);
}

}  // namespace

void add_get(http::Router& router, const ContextPtr& context, GetRoute route,
             std::string_view service) {
    std::string pattern(service);
    pattern.append(route.path).append(route.below);
    router.add(
        {.method = http::Method::Get,
         .pattern = std::move(pattern),
         .name = std::move(route.name),
         .right = right(route.right, route.act),
         .handler = [context, handler = std::move(route.handler)](http::Request request) {
             return answer(context, handler, std::move(request));
         }});
}

}  // namespace larmor::api

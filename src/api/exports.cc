#include "api/exports.h"

#include "api/access.h"
#include "api/audited.h"
#include "api/handler.h"
#include "api/json_request.h"
#include "api/problem.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

Task<Response> announce_export(ContextPtr, Request request) {
    const std::vector<std::string_view> names{"detail"};
    auto members = co_await read_text_members(request, names);
    if (!members) {
        co_return std::move(members).error();
    }
    Response response(204);
    AuditNote note;
    note.detail = std::move(members->at("detail"));
    response.context = std::move(note);
    co_return response;
}

}  // namespace

void add_export_routes(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Post,
                .pattern = "/v1/exports",
                .name = "exports.announce",
                .right = right(auth::Right::Administer, audit::Action::Export),
                .handler = handler(context, announce_export),
                .body_max = kSmallJsonMaxBytes});
}

}  // namespace larmor::api

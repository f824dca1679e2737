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
    if (const auto is_json = check_is_json(request); !is_json) {
        co_return problem(request, is_json.error(), 415);
    }
    const auto body_reader = http::body_of(request);
    const auto body = co_await http::read_whole_body(*body_reader, kSmallJsonMaxBytes);
    if (!body) {
        co_return problem(request, body.error());
    }
    auto members = parse_text_members(*body, {"detail"});
    if (!members) {
        co_return problem(request, members.error());
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

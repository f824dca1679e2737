#include "api/access.h"
#include "api/audited.h"
#include "api/handler.h"
#include "api/json_request.h"
#include "api/problem.h"
#include "api/session.h"
#include "auth/secret.h"
#include "base/json_text.h"
#include "observe/log.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

/// Tokens and access keys differ in their names only.
struct Shape {
    auth::Kind kind;
    std::string_view path;
    std::string_view what;       ///< in the log
    std::string_view secret;     ///< the member with the secret
    std::string_view parameter;  ///< of the path
};
constexpr Shape kTokens{auth::Kind::Token, "/v1/tokens", "token", "token", "token"};
constexpr Shape kAccessKeys{auth::Kind::AccessKey, "/v1/access-keys", "access key",
                            "secretAccessKey", "accessKey"};

void append_token(std::string& json, const auth::Credential& token) {
    json += R"("id":)";
    append_json_string(json, token.id);
    json += R"(,"name":)";
    append_json_string(json, token.name);
    json += R"(,"role":)";
    append_json_string(json, auth::name_of(token.role));
    json += R"(,"created":)";
    append_json_string(json, to_iso8601(token.created));
    json += R"(,"expires":)";
    append_json_string(json, to_iso8601(token.expires));
    if (token.revoked) {
        json += R"(,"revoked":)";
        append_json_string(json, to_iso8601(*token.revoked));
    }
}

Task<Response> list(ContextPtr context, Request request, const Shape& shape) {
    const auto tokens =
        co_await context->work([&] { return context->services.credentials.list(shape.kind); });
    if (!tokens) {
        co_return problem(request, tokens.error());
    }
    std::string json = "[";
    for (const auth::Credential& token : *tokens) {
        json += json.size() > 1 ? ",{" : "{";
        append_token(json, token);
        json += '}';
    }
    json += ']';
    co_return private_json(std::move(json));
}

Task<Response> create(ContextPtr context, Request request, const Shape& shape) {
    const std::vector<std::string_view> names{"name", "role", "lifetime"};
    auto members = co_await read_text_members(request, names);
    if (!members) {
        co_return std::move(members).error();
    }
    const auto role = auth::parse_role(members->at("role"));
    if (!role) {
        co_return problem(request, role.error());
    }
    const auto lifetime_s = auth::parse_lifetime_s(members->at("lifetime"));
    if (!lifetime_s) {
        co_return problem(request, lifetime_s.error(), 400);
    }
    const auth::IssueRequest wanted{.kind = shape.kind,
                                    .name = members->at("name"),
                                    .role = *role,
                                    .lifetime = std::chrono::seconds(*lifetime_s),
                                    .parent_id = {}};  // named: see Task about temporaries
    const auto issued = co_await context->services.credentials.issue(wanted);
    if (!issued) {
        co_return problem(request, issued.error());
    }
    observe::log_info(std::string(shape.what) + " created",
                      {{"request_id", request.id},
                       {"token_id", issued->credential.id},
                       {"role", auth::name_of(*role)},
                       {"by", principal_of(request)->id}});
    std::string json = "{";
    append_token(json, issued->credential);
    json += ",\"" + std::string(shape.secret) + "\":";
    append_json_string(json, issued->secret);
    json += '}';
    Response response = private_json(std::move(json), 201);
    response.headers.add("Location", std::string(shape.path) + '/' + issued->credential.id);
    AuditNote note;
    note.subjects.emplace_back().object = issued->credential.id;
    response.context = std::move(note);
    co_return response;
}

Task<Response> revoke(ContextPtr context, Request request, const Shape& shape) {
    const std::string id = request.path_parameter(shape.parameter);
    const auto revoked = co_await context->services.credentials.revoke(id);
    if (!revoked) {
        co_return problem(request, revoked.error());
    }
    observe::log_info(
        std::string(shape.what) + " revoked",
        {{"request_id", request.id}, {"token_id", id}, {"by", principal_of(request)->id}});
    co_return Response(204);
}

Task<Response> list_tokens(ContextPtr context, Request request) {
    return list(std::move(context), std::move(request), kTokens);
}
Task<Response> create_token(ContextPtr context, Request request) {
    return create(std::move(context), std::move(request), kTokens);
}
Task<Response> revoke_token(ContextPtr context, Request request) {
    return revoke(std::move(context), std::move(request), kTokens);
}
Task<Response> list_access_keys(ContextPtr context, Request request) {
    return list(std::move(context), std::move(request), kAccessKeys);
}
Task<Response> create_access_key(ContextPtr context, Request request) {
    return create(std::move(context), std::move(request), kAccessKeys);
}
Task<Response> revoke_access_key(ContextPtr context, Request request) {
    return revoke(std::move(context), std::move(request), kAccessKeys);
}

}  // namespace

void add_token_routes(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Get,
                .pattern = "/v1/tokens",
                .name = "tokens.list",
                .right = right(auth::Right::Administer, audit::Action::ListTokens),
                .handler = handler(context, list_tokens)});
    router.add({.method = http::Method::Post,
                .pattern = "/v1/tokens",
                .name = "tokens.create",
                .right = right(auth::Right::Administer, audit::Action::TokenCreate),
                .handler = handler(context, create_token),
                .body_max = kSmallJsonMaxBytes});
    router.add({.method = http::Method::Delete,
                .pattern = "/v1/tokens/{token}",
                .name = "tokens.revoke",
                .right = right(auth::Right::Administer, audit::Action::TokenRevoke),
                .handler = handler(context, revoke_token)});
    router.add({.method = http::Method::Get,
                .pattern = "/v1/access-keys",
                .name = "access_keys.list",
                .right = right(auth::Right::Administer, audit::Action::ListTokens),
                .handler = handler(context, list_access_keys)});
    router.add({.method = http::Method::Post,
                .pattern = "/v1/access-keys",
                .name = "access_keys.create",
                .right = right(auth::Right::Administer, audit::Action::TokenCreate),
                .handler = handler(context, create_access_key),
                .body_max = kSmallJsonMaxBytes});
    router.add({.method = http::Method::Delete,
                .pattern = "/v1/access-keys/{accessKey}",
                .name = "access_keys.revoke",
                .right = right(auth::Right::Administer, audit::Action::TokenRevoke),
                .handler = handler(context, revoke_access_key)});
}

}  // namespace larmor::api

#include "api/session.h"

#include <algorithm>

#include "api/access.h"
#include "api/audited.h"
#include "api/handler.h"
#include "api/json_request.h"
#include "api/problem.h"
#include "base/json_text.h"
#include "http/query.h"
#include "observe/log.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

std::string to_json(const auth::Principal& principal) {
    std::string json = R"({"name":)";
    append_json_string(json, principal.name);
    json += R"(,"role":)";
    append_json_string(json, auth::name_of(principal.role));
    if (principal.expires) {
        json += R"(,"expires":)";
        append_json_string(json, to_iso8601(*principal.expires));
    }
    json += '}';
    return json;
}

/// The page lies under the path of the base URL, which the proxy takes off.
Response to_page(const Context& context, std::string_view cookie) {
    Response response(303);
    response.headers.add("Location", context.options.base_url + "/");
    response.headers.add("Cache-Control", "no-store");
    if (!cookie.empty()) {
        response.headers.add("Set-Cookie", cookie);
    }
    return response;
}

/// What somebody sees who followed a link that is no longer good.
Response link_is_void(const Error& error) {
    std::string page =
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Larmor: sign "
        "in</title>"
        "<body style=\"font:16px sans-serif;background:#111;color:#ddd;padding:3rem\"><h1>This "
        "link does not sign you in</h1><p>" +
        error.message + "</p><p><a style=\"color:#8cf\" href=\"/\">To the page</a></p></html>";
    Response response(401, "text/html; charset=utf-8", std::move(page));
    response.headers.add("Cache-Control", "no-store");
    response.headers.add("WWW-Authenticate", "Bearer realm=\"larmor\"");
    return response;
}

/// Over TLS the cookie must never travel in the clear.
std::string cookie_for(const Context& context, const Request& request,
                       const auth::Issued& issued) {
    const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(
        issued.credential.expires - issued.credential.created);
    std::string cookie =
        auth::session_cookie(context.gate.cookie_name(), issued.secret, lifetime);
    if (context.base_url(request).starts_with("https:")) {
        cookie += "; Secure";
    }
    return cookie;
}

/// For the record: the new session, and the token that it was made with.
AuditNote signed_in(const auth::Issued& issued, const Request& request) {
    const auto& session = issued.credential;
    AuditNote note;
    note.actor = actor_of({.id = session.id,
                           .name = session.name,
                           .role = session.role,
                           .via = auth::Via::Session,
                           .expires = session.expires},
                          request.peer);
    note.subjects.emplace_back().object = session.parent_id;
    return note;
}

Task<Response> sign_in_by_link(ContextPtr context, Request request) {
    const auto query = http::parse_query(request.query);
    const std::string code(query ? query->find("code").value_or("") : "");
    if (const auto redeemed = context->services.sign_in_code.redeem(code); !redeemed) {
        // A reload of the page that signed in lands here.
        if (context->gate.identify(presented(request))) {
            co_return to_page(*context, {});
        }
        co_return link_is_void(redeemed.error());
    }
    const auth::IssueRequest wanted{.kind = auth::Kind::Session,
                                    .name = "sign-in link",
                                    .role = auth::Role::Admin,
                                    .lifetime = context->options.session_lifetime,
                                    .parent_id = {}};  // named: see Task about temporaries
    const auto issued = co_await context->services.credentials.issue(wanted);
    if (!issued) {
        co_return problem(request, issued.error());
    }
    observe::log_info("signed in by link", {{"request_id", request.id}});
    Response response = to_page(*context, cookie_for(*context, request, *issued));
    response.context = signed_in(*issued, request);
    co_return response;
}

Task<Response> sign_in_by_token(ContextPtr context, Request request) {
    // Nobody is signed in yet, but another site must not sign somebody in as somebody else.
    if (const auto same =
            auth::check_same_site(presented(request).origin, auth::SilentOrigin::Allow);
        !same) {
        co_return problem(request, same.error());
    }
    const std::vector<std::string_view> names{"token"};
    auto members = co_await read_text_members(request, names);
    if (!members) {
        co_return std::move(members).error();
    }
    const auto principal = context->services.credentials.verify(members->at("token"));
    if (!principal || principal->via != auth::Via::Token) {
        co_return problem(request,
                          {ErrorCode::Unauthenticated,
                           "this token is not valid: it is unknown, revoked or expired"});
    }
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(
        principal->expires.value_or(Time{}) - context->services.clock.now());
    const auth::IssueRequest wanted{
        .kind = auth::Kind::Session,
        .name = principal->name,
        .role = principal->role,
        .lifetime = std::min(context->options.session_lifetime, left),
        .parent_id = principal->id};  // named: see Task about temporaries
    const auto issued = co_await context->services.credentials.issue(wanted);
    if (!issued) {
        co_return problem(request, issued.error());
    }
    auto session = *principal;
    session.expires = issued->credential.expires;
    Response response = private_json(to_json(session), 201);
    response.headers.add("Set-Cookie", cookie_for(*context, request, *issued));
    response.context = signed_in(*issued, request);
    co_return response;
}

Task<Response> show_session(ContextPtr, Request request) {
    co_return private_json(to_json(*principal_of(request)));
}

Task<Response> sign_out(ContextPtr context, Request request) {
    const auth::Principal principal = *principal_of(request);
    if (principal.via == auth::Via::Session) {
        const auto revoked = co_await context->services.credentials.revoke(principal.id);
        if (!revoked && revoked.error().code != ErrorCode::NotFound) {
            co_return problem(request, revoked.error());
        }
    }
    Response response(204);
    response.headers.add("Set-Cookie", auth::ended_session_cookie(context->gate.cookie_name()));
    co_return response;
}

}  // namespace

void add_session_routes(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Get,
                .pattern = "/signin",
                .name = "session.link",
                .right = right(auth::Right::Public, audit::Action::SignIn),
                .handler = handler(context, sign_in_by_link)});
    router.add({.method = http::Method::Get,
                .pattern = "/v1/session",
                .name = "session.show",
                .right = right(auth::Right::SignedIn, audit::Action::None),
                .handler = handler(context, show_session)});
    router.add({.method = http::Method::Post,
                .pattern = "/v1/session",
                .name = "session.create",
                .right = right(auth::Right::Public, audit::Action::SignIn),
                .handler = handler(context, sign_in_by_token),
                .body_max = kSmallJsonMaxBytes});
    router.add({.method = http::Method::Delete,
                .pattern = "/v1/session",
                .name = "session.delete",
                .right = right(auth::Right::SignedIn, audit::Action::SignOut),
                .handler = handler(context, sign_out)});
}

}  // namespace larmor::api

#include "api/access.h"

#include <any>
#include <charconv>

#include "api/audited.h"
#include "api/healthimaging/errors.h"
#include "api/healthimaging/signature.h"

namespace larmor::api {

http::Right right(auth::Right right, audit::Action act) {
    return http::Right(std::string(auth::name_of(right)), static_cast<std::uint8_t>(act));
}

audit::Action action_of(const http::Route& route) {
    LARMOR_CHECK(route.right.act() < audit::kActionCount);
    return static_cast<audit::Action>(route.right.act());
}

auth::Right right_of(const http::Route& route) {
    for (std::size_t i = 0; i < auth::kRightCount; ++i) {
        const auto candidate = static_cast<auth::Right>(i);
        if (auth::name_of(candidate) == route.right.name()) {
            return candidate;
        }
    }
    // Only our own table names rights.
    LARMOR_CHECK(!"the route names a right that there is not");
    return auth::Right::Administer;
}

auth::Presented presented(const http::Request& request) {
    return {.origin = {.method = http::name_of(request.method),
                       .host = request.headers.get("Host"),
                       .origin = request.headers.get("Origin"),
                       .sec_fetch_site = request.headers.get("Sec-Fetch-Site")},
            .authorization = request.headers.get("Authorization"),
            .cookie = request.headers.get("Cookie")};
}

namespace {

/// Of the body; 0 where the request does not say, and then the importer asks for each piece.
std::uint64_t announced_bytes(const http::Request& request) {
    const auto text = request.headers.get("Content-Length");
    std::uint64_t bytes = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), bytes);
    return read.ec == std::errc() ? bytes : 0;
}

/// Whether the library does at the moment what a route of this right asks for.
Result<void> check_admitted(const Context& context, const http::Request& request,
                            auth::Right right) {
    auto& admission = context.services.admission;
    // An edit is kept beside what was there: it needs room too.
    if (right == auth::Right::Store || right == auth::Right::Edit) {
        return admission.check(announced_bytes(request));
    }
    const bool deletes = right == auth::Right::Delete && request.method != http::Method::Get;
    return deletes ? admission.allow_change() : Result<void>{};
}

/// Whoever it is, and we know that: may they, now?
std::optional<http::Response> admit(const Context& context, http::Request& request,
                                    auth::Principal principal) {
    const auth::Right needed = right_of(*request.route);
    if (const auto allowed = auth::check(principal, needed); !allowed) {
        note_refusal(context, request, &principal);
        return failure(request, allowed.error());
    }
    if (const auto admitted = check_admitted(context, request, needed); !admitted) {
        note_no_room(context, request, principal);
        return failure(request, admitted.error());
    }
    request.context = std::move(principal);
    return std::nullopt;
}

/// Clients of AWS know three ways to be unknown.
http::Response not_identified(const http::Request& request, const Error& error) {
    const bool is_silent =
        !request.headers.has("Authorization") && !request.headers.has("Cookie");
    if (is_healthimaging(request) && is_silent && error.code == ErrorCode::Unauthenticated) {
        return service_error(request, error, kNoSignature);
    }
    return failure(request, error);
}

}  // namespace

std::optional<http::Response> check_access(const Context& context, http::Request& request) {
    if (request.route == nullptr) {
        return std::nullopt;  // 404 and 405 tell nothing but what the open document says
    }
    if (right_of(*request.route) == auth::Right::Public) {
        return std::nullopt;
    }
    const bool by_signature = is_healthimaging(request) && is_signed(request) &&
                              context.gate.sign_in() == auth::SignIn::Required;
    if (by_signature) {
        const auto payload = claimed_payload(request);
        // Else with_signed_body asks, with the body; until then nobody is signed in.
        return payload ? check_signer(context, request, *payload) : std::nullopt;
    }
    auto principal = context.gate.identify(presented(request));
    if (!principal) {
        note_refusal(context, request, nullptr);
        return not_identified(request, principal.error());
    }
    return admit(context, request, *std::move(principal));
}

std::optional<http::Response> check_signer(const Context& context, http::Request& request,
                                           std::string_view payload) {
    auto principal = verify_signature(context, request, payload);
    if (!principal) {
        note_refusal(context, request, nullptr);
        return service_error(request, principal.error().error, principal.error().as);
    }
    return admit(context, request, *std::move(principal));
}

const auth::Principal* principal_of(const http::Request& request) {
    return std::any_cast<auth::Principal>(&request.context);
}

}  // namespace larmor::api

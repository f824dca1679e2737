#include "auth/gate.h"

namespace larmor::auth {
namespace {

constexpr std::string_view kBearer = "bearer ";

/// The token of `Bearer <token>`; empty for another scheme. RFC 9110 section 11.1: the scheme
/// is compared without regard to case.
std::string_view bearer_token(std::string_view authorization) {
    if (authorization.size() <= kBearer.size()) {
        return {};
    }
    for (std::size_t i = 0; i < kBearer.size(); ++i) {
        const char c = authorization[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kBearer[i]) {
            return {};
        }
    }
    auto token = authorization.substr(kBearer.size());
    while (token.starts_with(' ')) {
        token.remove_prefix(1);
    }
    while (token.ends_with(' ')) {
        token.remove_suffix(1);
    }
    return token;
}

}  // namespace

std::string_view Gate::session_secret(std::string_view cookie_header) const {
    while (!cookie_header.empty()) {
        const auto end = cookie_header.find(';');
        auto pair = cookie_header.substr(0, end);
        cookie_header.remove_prefix(end == std::string_view::npos ? cookie_header.size()
                                                                  : end + 1);
        while (pair.starts_with(' ')) {
            pair.remove_prefix(1);
        }
        if (pair.starts_with(cookie_name_) &&
            pair.substr(cookie_name_.size()).starts_with('=')) {
            return pair.substr(cookie_name_.size() + 1);
        }
    }
    return {};
}

Result<Principal> Gate::identify(const Presented& request) const {
    if (!request.authorization.empty() && sign_in_ == SignIn::Required) {
        const auto token = bearer_token(request.authorization);
        if (token.empty()) {
            return fail(ErrorCode::Unauthenticated,
                        "Authorization is not of the form `Bearer <token>`");
        }
        TRY(Principal principal, credentials_.verify(token));
        // The cookie's secret is for the browser: elsewhere it would dodge the check of origin.
        if (principal.via != Via::Token) {
            return fail(ErrorCode::Unauthenticated,
                        "a session or an access key's secret is no bearer token");
        }
        return principal;
    }
    if (sign_in_ == SignIn::Off) {
        TRY_VOID(check_local_host(request.origin.host));
        TRY_VOID(check_same_site(request.origin, SilentOrigin::Allow));
        return Principal{.id = "local",
                         .name = "everybody on this machine",
                         .role = Role::Admin,
                         .via = Via::Nothing,
                         .expires = {}};
    }
    const auto secret = session_secret(request.cookie);
    if (secret.empty()) {
        return fail(ErrorCode::Unauthenticated,
                    "sign in with the link that was printed at start, or send "
                    "`Authorization: Bearer <token>` (larmor token create)");
    }
    TRY(Principal principal, credentials_.verify(secret));
    if (principal.via != Via::Session) {
        return fail(ErrorCode::Unauthenticated, "a bearer token is no session");
    }
    TRY_VOID(check_same_site(request.origin));
    return principal;
}

std::string session_cookie(std::string_view name, std::string_view secret,
                           std::chrono::seconds lifetime) {
    std::string cookie(name);
    cookie += '=';
    cookie += secret;
    cookie += "; Path=/; HttpOnly; SameSite=Strict; Max-Age=";
    cookie += std::to_string(lifetime.count());
    return cookie;
}

std::string ended_session_cookie(std::string_view name) {
    return session_cookie(name, "", std::chrono::seconds(0));
}

}  // namespace larmor::auth

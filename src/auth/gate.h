#pragma once
#include <string>
#include <string_view>

#include "auth/credentials.h"
#include "auth/cross_site.h"
#include "auth/principal.h"

namespace larmor::auth {

/// What a request shows of who makes it: header values, empty when absent.
struct Presented {
    RequestOrigin origin;
    std::string_view authorization;  ///< Authorization
    std::string_view cookie;         ///< Cookie
};

enum class SignIn : bool {
    Off,  ///< `--auth off`: everybody on this machine is the admin. Bind to loopback only.
    Required
};

/// Tells who makes a request: a bearer token, else the session cookie, else (sign-in off)
/// whoever is on this machine.
class Gate {
public:
    /// Browsers keep cookies per host, not per port: give each port its own name.
    Gate(const Credentials& credentials, SignIn sign_in, std::string cookie_name)
        : credentials_(credentials), sign_in_(sign_in), cookie_name_(std::move(cookie_name)) {}

    /// Errors: Unauthenticated without valid credentials; Denied for a write from another site
    /// with a cookie (or with sign-in off), and for another host's name with sign-in off.
    Result<Principal> identify(const Presented& request) const;

    SignIn sign_in() const { return sign_in_; }
    const std::string& cookie_name() const { return cookie_name_; }
    /// The value of our cookie in a Cookie header; empty when absent.
    std::string_view session_secret(std::string_view cookie_header) const;

private:
    const Credentials& credentials_;
    SignIn sign_in_;
    std::string cookie_name_;
};

/// The Set-Cookie value that starts a session: HttpOnly, SameSite=Strict, for all paths.
std::string session_cookie(std::string_view name, std::string_view secret,
                           std::chrono::seconds lifetime);
/// The one that ends it.
std::string ended_session_cookie(std::string_view name);

}  // namespace larmor::auth

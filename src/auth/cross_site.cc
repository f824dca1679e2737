#include "auth/cross_site.h"

#include <algorithm>
#include <charconv>

namespace larmor::auth {
namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    constexpr auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        return end == std::string_view::npos ? host : host.substr(0, end + 1);
    }
    return host.substr(0, host.find(':'));
}

bool is_loopback_v4(std::string_view host) {
    int parts = 0;
    int first = -1;
    while (true) {
        const auto dot = host.find('.');
        const auto digits = host.substr(0, dot);
        int value = -1;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size() || value > 255 ||
            value < 0) {
            return false;
        }
        first = parts == 0 ? value : first;
        ++parts;
        if (dot == std::string_view::npos) {
            return parts == 4 && first == 127;
        }
        host.remove_prefix(dot + 1);
    }
}

}  // namespace

bool is_loopback(std::string_view host) {
    return equal_ignoring_case(host, "localhost") || host == "::1" || host == "[::1]" ||
           is_loopback_v4(host);
}

Result<void> check_local_host(std::string_view host) {
    if (!is_loopback(without_port(host))) {
        return fail(
            ErrorCode::Denied,
            "with sign-in off, this server answers only to localhost, 127.0.0.1 and ::1");
    }
    return {};
}

Result<void> check_same_site(const RequestOrigin& request, SilentOrigin silent) {
    if (request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS") {
        return {};
    }
    if (!request.sec_fetch_site.empty()) {
        // `same-site` is not enough: another port of this machine is the same site.
        if (request.sec_fetch_site == "same-origin" || request.sec_fetch_site == "none") {
            return {};
        }
        return fail(ErrorCode::Denied,
                    "a write with a session must come from our own page, not "
                    "from another site (Sec-Fetch-Site)");
    }
    if (request.origin.empty() && silent == SilentOrigin::Allow) {
        return {};
    }
    const auto scheme = request.origin.find("://");
    if (scheme == std::string_view::npos ||
        !equal_ignoring_case(request.origin.substr(scheme + 3), request.host)) {
        return fail(ErrorCode::Denied,
                    "a write with a session must come from our own page: Origin is missing or "
                    "is not this host; programs send a bearer token instead");
    }
    return {};
}

}  // namespace larmor::auth

#pragma once
#include <string_view>

#include "base/result.h"

namespace larmor::auth {

/// The header fields that tell where a browser's request came from; empty when absent.
struct RequestOrigin {
    std::string_view method;          ///< `GET`, ...
    std::string_view host;            ///< Host, with the port
    std::string_view origin;          ///< Origin
    std::string_view sec_fetch_site;  ///< Sec-Fetch-Site
};

/// Whether a write may keep silent about its origin: browsers never do, programs always do.
enum class SilentOrigin : bool { Refuse, Allow };

/// For requests that carry what a browser adds by itself (a cookie, or the mere place on this
/// machine when sign-in is off): a write must come from our own page. Reads are protected by
/// the browser, since we send no CORS headers.
/// Errors: Denied for another site, and for a write that does not say where it comes from
/// unless `silent` allows it.
Result<void> check_same_site(const RequestOrigin& request,
                             SilentOrigin silent = SilentOrigin::Refuse);

/// With sign-in off, only names of this machine are taken in Host: a page that points its own
/// name to 127.0.0.1 (DNS rebinding) could read everything otherwise. Errors: Denied.
Result<void> check_local_host(std::string_view host);

/// True for `localhost`, `127.0.0.0/8`, `::1`: what `--auth off` may bind to. Takes a host
/// without a port; IPv6 with or without brackets.
bool is_loopback(std::string_view host);

}  // namespace larmor::auth

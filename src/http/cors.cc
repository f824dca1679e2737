#include "http/cors.h"

#include <algorithm>

#include "http/origin.h"

namespace larmor::http {
namespace {

constexpr std::string_view kMethods = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// Beyond those that every page may send.
constexpr std::string_view kRequestFields =
    "Accept, Authorization, Content-Type, If-Match, If-None-Match, If-Range, Range, "
    "X-Request-Id";
/// Beyond those that every page may read.
constexpr std::string_view kResponseFields =
    "Accept-Ranges, Content-Encoding, Content-Length, Content-Location, Content-Range, ETag, "
    "Link, Location, Retry-After, Vary, Warning, WWW-Authenticate, X-Request-Id";
/// Browsers keep a preflight no longer than their own limit; this one spares most of them.
constexpr std::string_view kMaxAgeSeconds = "600";

}  // namespace

Result<CorsPolicy> CorsPolicy::parse(const std::vector<std::string>& origins) {
    CorsPolicy policy;
    for (const std::string& origin : origins) {
        const std::string_view text = origin;
        const auto scheme = text.find("://");
        const bool known = text.starts_with("http://") || text.starts_with("https://");
        const bool has_capitals =
            std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
        if (!known || has_capitals || !is_host(text.substr(scheme + 3))) {
            return fail(ErrorCode::InvalidInput,
                        "'" + origin +
                            "' is no origin as browsers send it: scheme, host and port in "
                            "lower case without a path, such as https://viewer.example");
        }
        policy.origins_.push_back(origin);
    }
    return policy;
}

bool CorsPolicy::allows(std::string_view origin) const {
    return std::ranges::find(origins_, origin) != origins_.end();
}

std::optional<Response> CorsPolicy::preflight(const Request& request) const {
    const auto origin = request.headers.get("Origin");
    if (request.method != Method::Options || !allows(origin) ||
        request.headers.get("Access-Control-Request-Method").empty()) {
        return std::nullopt;
    }
    Response response(204);
    response.headers.add("Access-Control-Allow-Methods", kMethods);
    response.headers.add("Access-Control-Allow-Headers", kRequestFields);
    response.headers.add("Access-Control-Max-Age", kMaxAgeSeconds);
    apply(origin, response);
    return response;
}

void CorsPolicy::apply(std::string_view origin, Response& response) const {
    if (origins_.empty()) return;
    // A cache must not give one site's answer to another.
    response.headers.add("Vary", "Origin");
    if (!allows(origin)) return;
    response.headers.set("Access-Control-Allow-Origin", origin);
    response.headers.set("Access-Control-Allow-Credentials", "true");
    response.headers.set("Access-Control-Expose-Headers", kResponseFields);
    response.headers.set("Cross-Origin-Resource-Policy", "cross-origin");
}

}  // namespace larmor::http

#include "api/problem.h"

#include "base/json_text.h"
#include "observe/log.h"

namespace larmor::api {

// No default: a new code must be thought about here.
int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidInput:
            return 400;
        case ErrorCode::NotFound:
            return 404;
        case ErrorCode::Conflict:
            return 409;
        case ErrorCode::Unsupported:
            return 406;
        case ErrorCode::LimitExceeded:
            return 413;
        case ErrorCode::Unauthenticated:
            return 401;
        case ErrorCode::Denied:
            return 403;
        case ErrorCode::Unavailable:
            return 503;
        case ErrorCode::NoSpace:
            return 507;
        case ErrorCode::Corrupt:
            return 500;
        case ErrorCode::Cancelled:
        case ErrorCode::OutcomeUnknown:
            return 503;
    }
    return 500;
}

std::string problem_json(const Error& error, std::string_view request_id, int status,
                         std::string_view further) {
    const int code = status == 0 ? status_of(error.code) : status;
    std::string json = R"({"type":"about:blank","title":)";
    append_json_string(json, http::reason_of(code));
    json += R"(,"status":)" + std::to_string(code) + R"(,"detail":)";
    // A message may quote a header or a URL, which can hold any bytes.
    append_json_string(json, is_utf8(error.message) ? std::string_view(error.message)
                                                    : std::string_view("the request is wrong"));
    json += R"(,"instance":)";
    append_json_string(json, "urn:larmor:request:" + std::string(request_id));
    json += R"(,"code":)";
    append_json_string(json, name_of(error.code));
    if (!further.empty()) {
        json += ',';
        json += further;
    }
    json += '}';
    return json;
}

http::Response problem(const http::Request& request, const Error& error, int status,
                       std::string_view further) {
    const int code = status == 0 ? status_of(error.code) : status;
    if (code >= 500) {
        observe::log_error("request failed", {{"request_id", request.id},
                                              {"status", code},
                                              {"code", name_of(error.code)},
                                              {"reason", error.message}});
    }
    http::Response response(code, "application/problem+json",
                            problem_json(error, request.id, code, further));
    response.headers.add("Cache-Control", "no-store");
    // Refusals before the body never meet the router's middleware, which adds this otherwise.
    response.headers.add("X-Content-Type-Options", "nosniff");
    if (code == 401) {
        response.headers.add("WWW-Authenticate", "Bearer realm=\"larmor\"");
    }
    if (code == 503) {
        response.headers.add("Retry-After", "1");
    }
    return response;
}

http::Response private_json(std::string body, int status) {
    http::Response response(status, "application/json", std::move(body));
    response.headers.add("Cache-Control", "no-store");
    return response;
}

}  // namespace larmor::api

#include "api/healthimaging/errors.h"

#include "api/problem.h"
#include "base/json_text.h"
#include "http/router.h"
#include "observe/log.h"

namespace larmor::api {

// No default: a new code must be thought about here.
ServiceError service_error_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidInput:
        case ErrorCode::Unsupported:
        case ErrorCode::LimitExceeded:
            return {400, "ValidationException"};
        case ErrorCode::NotFound:
            return {404, "ResourceNotFoundException"};
        case ErrorCode::Conflict:
            return {409, "ConflictException"};
        case ErrorCode::Unauthenticated:
            return kUnknownKey;
        case ErrorCode::Denied:
            return {403, "AccessDeniedException"};
        case ErrorCode::Unavailable:
        case ErrorCode::Cancelled:
            // Clients wait and come again for this name, as they do for our 503.
            return {429, "ThrottlingException"};
        case ErrorCode::NoSpace:
            return kQuotaExceeded;
        case ErrorCode::Corrupt:
        case ErrorCode::OutcomeUnknown:
            return {500, "InternalServerException"};
    }
    return {500, "InternalServerException"};
}

bool is_healthimaging(const http::Request& request) {
    return request.route != nullptr && request.route->name.starts_with("healthimaging.");
}

http::Response service_error(const http::Request& request, const Error& error,
                             const ServiceError& as) {
    if (as.status >= 500) {
        observe::log_error("request failed", {{"request_id", request.id},
                                              {"status", as.status},
                                              {"code", name_of(error.code)},
                                              {"reason", error.message}});
    }
    std::string json = R"({"message":)";
    // A message may quote a header or a URL, which can hold any bytes.
    append_json_string(json, is_utf8(error.message) ? std::string_view(error.message)
                                                    : std::string_view("the request is wrong"));
    json += '}';
    http::Response response(as.status, "application/json", std::move(json));
    response.headers.add("X-Amzn-ErrorType", as.name);
    response.headers.add("X-Amzn-RequestId", request.id);
    response.headers.add("Cache-Control", "no-store");
    // Refusals before the body never meet the router's middleware, which adds this otherwise.
    response.headers.add("X-Content-Type-Options", "nosniff");
    if (as.status == 429) response.headers.add("Retry-After", "1");
    return response;
}

http::Response service_error(const http::Request& request, const Error& error) {
    return service_error(request, error, service_error_of(error.code));
}

http::Response failure(const http::Request& request, const Error& error) {
    return is_healthimaging(request) ? service_error(request, error) : problem(request, error);
}

}  // namespace larmor::api

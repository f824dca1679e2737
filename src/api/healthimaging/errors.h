#pragma once
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace larmor::api {

/// An error by the name that clients of HealthImaging know. Names and statuses: the service's
/// model of 2023-07-19, and the common errors of AWS for signatures.
struct ServiceError {
    int status = 500;
    std::string_view name;
};
/// The only place that says so. There is no name for what we can't make (Unsupported): it is
/// a ValidationException, and so is what is too large (LimitExceeded).
ServiceError service_error_of(ErrorCode code);

inline constexpr ServiceError kNoSignature{403, "MissingAuthenticationTokenException"};
inline constexpr ServiceError kBrokenSignature{403, "IncompleteSignatureException"};
inline constexpr ServiceError kUnknownKey{403, "UnrecognizedClientException"};
inline constexpr ServiceError kWrongSignature{403, "InvalidSignatureException"};
inline constexpr ServiceError kQuotaExceeded{402, "ServiceQuotaExceededException"};

/// True of a request for one of our routes below /healthimaging.
bool is_healthimaging(const http::Request& request);

/// The answer to a request that failed, in the protocol restJson1: the name in
/// X-Amzn-ErrorType,
/// `{"message":".."}`. Errors that are ours (5xx) are logged with the request's id.
http::Response service_error(const http::Request& request, const Error& error);
http::Response service_error(const http::Request& request, const Error& error,
                             const ServiceError& as);

/// In the form that clients of the route know: this one, or else a problem document.
http::Response failure(const http::Request& request, const Error& error);

}  // namespace larmor::api

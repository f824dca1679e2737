#pragma once
#include <optional>

#include "sigv4/sign.h"

namespace larmor::sigv4 {

/// What a request says about its signature, before anybody believes it.
struct Presented {
    std::string access_key_id;
    Scope scope;
    std::vector<std::string> signed_headers;      ///< as canonical_request takes them
    std::string signature;                        ///< in hexadecimal
    std::string session_token;                    ///< empty without one
    std::optional<std::chrono::seconds> expires;  ///< of a presigned request
};

/// Reads the Authorization header, or where there is none the query. Errors: Unauthenticated
/// when the request has neither or they are not as they must be.
Result<Presented> read_presented(const Request& request);

struct VerifyOptions {
    std::string region = "us-east-1";
    std::string service = "s3";
    PathRule path_rule = PathRule::ObjectKey;
    std::chrono::seconds skew_max = std::chrono::minutes(15);  ///< of the caller's clock
};

/// Whether the holder of `secret_access_key` signed this request, for us, and it is still good.
/// `payload` is what the body turned out to be (its hash), or the constant that the request
/// gave for it. Errors: Unauthenticated, which says what is wrong and nothing that was secret.
Result<void> verify(const Request& request, const Presented& presented,
                    std::string_view secret_access_key, std::string_view payload, Time now,
                    const VerifyOptions& options);

}  // namespace larmor::sigv4

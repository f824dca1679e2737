#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor::objects::s3 {

/// How a request ended badly, as the server said it or the connection showed it.
struct Failure {
    Error error;
    int status = 0;      ///< of HTTP; 0 when no answer came
    std::string code{};  ///< of S3: `NoSuchKey`; empty where the answer named none
    bool again = false;  ///< the same request may succeed later
};

/// `what` is the call and the key, for the message, which has the S3 code, the server's words
/// and its request id too; nothing else of the answer.
Failure failure_of(std::string_view what, int status, std::string_view s3_code,
                   std::string_view words, std::string_view request_id);

/// The same of an answer's body. One to HEAD has none, and then the status alone decides.
Failure server_failure(std::string_view what, int status, std::string_view body,
                       std::string_view request_id);

}  // namespace larmor::objects::s3

#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace larmor::api {

/// The HTTP status of an error. The only place that says so. Unsupported is 406, since most of
/// what we can't make was asked for with Accept; a handler that knows better (415) says so.
int status_of(ErrorCode code);

/// A problem document (RFC 9457): `type` is `about:blank`, `title` the status's phrase,
/// `detail` the message, `instance` the request's id, and `code` the ErrorCode's name, which
/// programs may rely on. `status` 0 means status_of(error.code).
/// `further` is put behind them: members of an object, as `"a":1,"b":2`.
std::string problem_json(const Error& error, std::string_view request_id, int status = 0,
                         std::string_view further = {});

/// The answer to a request that failed, with the headers that its status wants
/// (WWW-Authenticate, Retry-After). Errors that are ours (5xx) are logged with the request's
/// id.
http::Response problem(const http::Request& request, const Error& error, int status = 0,
                       std::string_view further = {});

/// A JSON answer that no cache may keep: for what is about the caller.
http::Response private_json(std::string body, int status = 200);

}  // namespace larmor::api

#pragma once
#include <string>

#include "api/context.h"
#include "api/index_acts.h"
#include "http/router.h"

namespace larmor::api {

IndexServices index_services_of(const Context& context);

/// For a reader of a target: `at_least`, a position or the number of an event of the epoch that
/// holds now, and `wait`, seconds, of the request's query. Gives nothing once every event up to
/// there is applied, at once where none is asked for. Errors: InvalidInput; NotFound (no such
/// target); Unavailable, with how far the target is, when the time is over.
http::Task<Result<void>> wait_until_at(ContextPtr context, http::Request* request,
                                       std::string target);

}  // namespace larmor::api

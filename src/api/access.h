#pragma once
#include <optional>
#include <string_view>

#include "api/context.h"
#include "audit/record.h"
#include "auth/principal.h"
#include "http/router.h"

namespace larmor::api {

/// What a route needs and what goes on record when it is used, as the router keeps them.
/// Neither has a default: a route without its act does not compile. audit::Action::None is for
/// what shows nothing of a patient.
http::Right right(auth::Right right, audit::Action act);
/// Back again; LARMOR_CHECKs that it is one.
auth::Right right_of(const http::Route& route);
audit::Action action_of(const http::Route& route);

/// The one place where requests are allowed: runs before the body is read, for every route.
/// Public routes pass; others need credentials (401) with the route's right (403). Whoever
/// passed is in `request.context`. What stores is refused here too when there is no room for
/// it, and what changes something when the library is read-only (507): its body never comes.
std::optional<http::Response> check_access(const Context& context, http::Request& request);

/// The same for a request of HealthImaging's API that was signed, with a body of this hash: one
/// whose signature can't be checked without its body comes here when that was read (see
/// healthimaging/signature.h).
std::optional<http::Response> check_signer(const Context& context, http::Request& request,
                                           std::string_view payload);

/// Who makes this request; nothing on a public route.
const auth::Principal* principal_of(const http::Request& request);

/// What the gate looks at.
auth::Presented presented(const http::Request& request);

}  // namespace larmor::api

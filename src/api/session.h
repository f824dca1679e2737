#pragma once
#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// Sign-in of the page: GET /signin?code=, GET, POST and DELETE /v1/session.
void add_session_routes(http::Router& router, const ContextPtr& context);

/// Tokens for the admin: GET and POST /v1/tokens, DELETE /v1/tokens/{token}; and the same of
/// access keys, /v1/access-keys.
void add_token_routes(http::Router& router, const ContextPtr& context);

}  // namespace larmor::api

#pragma once
#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// GET /v1/events, the log as server-sent events, and POST /v1/events, signed events of others.
void add_event_routes(http::Router& router, const ContextPtr& context);

}  // namespace larmor::api

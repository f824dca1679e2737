#pragma once
#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// /v1/queues: what waits where, settings, dead letters, redrive and purge. Looking at counts
/// is for whoever sees metrics (Observe), all else is the admin's.
void add_queue_routes(http::Router& router, const ContextPtr& context);

}  // namespace larmor::api

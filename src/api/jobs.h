#pragma once
#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// /v1/jobs: long runs as resources. Each route is the admin's: an import reads the server's
/// disk, and a replay sends events to whoever reads a queue.
void add_job_routes(http::Router& router, const ContextPtr& context);

}  // namespace larmor::api

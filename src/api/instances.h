#pragma once
#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// POST /v1/instances: one instance a request, and the answer says what became of it. STOW-RS
/// tells stored from failed and no more.
void add_instance_routes(http::Router& router, const ContextPtr& context);

}  // namespace larmor::api

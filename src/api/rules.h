#pragma once
#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// /v1/rules: which events go where. Each route is the admin's.
void add_rule_routes(http::Router& router, const ContextPtr& context);

}  // namespace larmor::api

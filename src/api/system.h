#pragma once
#include <string_view>

#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// GET /healthz, /readyz, /metrics, /openapi.json.
void add_system_routes(http::Router& router, const ContextPtr& context);

/// The page: every path that no other route has. Errors: those of reading the folder.
Result<void> add_page_routes(http::Router& router, const ContextPtr& context);

/// The OpenAPI 3.1 document, from docs/api/openapi.json. A test holds it against the router.
std::string_view openapi_document();

}  // namespace larmor::api

#pragma once
#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// /v1/index: the targets that are kept equal to the catalog, how far behind they are, and
/// rebuilding one. Looking is for whoever sees metrics (Observe), all else the admin's.
void add_index_routes(http::Router& router, const ContextPtr& context);

}  // namespace larmor::api

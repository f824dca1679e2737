#pragma once
#include <string>

#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// DELETE of studies, series and instances under /dicomweb, and /v1/deletions: what was deleted
/// is listed, recovered, or removed for good before its time.
void add_deletion_routes(http::Router& router, const ContextPtr& context);

}  // namespace larmor::api

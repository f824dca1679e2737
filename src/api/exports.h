#pragma once
#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// POST /v1/exports: a command of this machine that takes patient data out of the library, a
/// backup, puts that on record in the trail that this server writes.
void add_export_routes(http::Router& router, const ContextPtr& context);

}  // namespace larmor::api

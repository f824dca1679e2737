#pragma once
#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// /v1/image-sets: image sets with their versions, what was edited in them, and edits; edits of
/// a whole study or patient. Bodies and answers have HealthImaging's names.
void add_image_set_routes(http::Router& router, const ContextPtr& context);

}  // namespace larmor::api

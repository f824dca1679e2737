#pragma once
#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// POST /v1/search: the search index, for whoever may search over QIDO-RS; on record as that
/// is.
void add_search_index_route(http::Router& router, const ContextPtr& context);

}  // namespace larmor::api

#pragma once
#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// What scripts and workers of others do with the messages of /v1/queues/{queue}: send,
/// receive, remove, extend, release, dead-letter. Not with the program's own queues. Each route
/// is the admin's.
void add_queue_message_routes(http::Router& router, const ContextPtr& context);

}  // namespace larmor::api

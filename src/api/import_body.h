#pragma once
#include "api/context.h"
#include "http/message.h"
#include "ingest/destination.h"

namespace larmor::api {

/// Imports the instance that a request's body is, in memory or as it comes.
/// Errors: those of reading the body; what is wrong with the instance is in the result.
http::Task<Result<ingest::ImportResult>> import_body(ContextPtr context,
                                                     const http::Request& request,
                                                     ingest::ImportOptions options);

}  // namespace larmor::api

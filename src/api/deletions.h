#pragma once
#include <string>

#include "api/audited.h"
#include "api/context.h"
#include "catalog/deletion.h"
#include "http/router.h"

namespace larmor::api {

/// DELETE of studies, series and instances under /dicomweb, and /v1/deletions: what was deleted
/// is listed, recovered, or removed for good before its time.
void add_deletion_routes(http::Router& router, const ContextPtr& context);

/// What goes on record of a deletion, of so many instances.
AuditNote note_of(const catalog::Deletion& deletion, std::int64_t instances);
/// Log and purger hear of it.
void tell_of_deletion(const Context& context, const http::Request& request,
                      const catalog::Deletion& deletion);
/// The answer to what was deleted, or could not be: 204 with the place of the deletion, which
/// goes into the log and on record.
http::Response answer_deleted(const Context& context, const http::Request& request,
                              const Result<catalog::Deletion>& deletion);

}  // namespace larmor::api

#pragma once
#include <optional>
#include <vector>

#include "api/context.h"
#include "audit/record.h"
#include "auth/principal.h"
#include "http/query.h"
#include "http/router.h"

namespace larmor::api {

/// What a handler knows of its act that the request does not say; in Response::context.
struct AuditNote {
    std::optional<audit::Actor> actor;     ///< who signed in
    std::string detail;                    ///< further words
    std::vector<audit::Subject> subjects;  ///< a record each; none: what the path names

    /// Counts an instance that was stored. Bounded: after many series it only counts.
    void stored(std::string_view study, std::string_view series);
};

/// The one place where access goes on record: runs around every handler. Where the route names
/// an act, its record is durable before the answer is sent; where it can't be written, nothing
/// is shown: 503. Refusals are recorded without a wait.
http::Task<http::Response> with_audit(ContextPtr context, http::Request request,
                                      http::Next next);

/// Puts a request on record that got no further than its head; null: nobody knows who it was.
void note_refusal(const Context& context, const http::Request& request,
                  const auth::Principal* principal);
/// The same for a request that might store, but has no room.
void note_no_room(const Context& context, const http::Request& request,
                  const auth::Principal& principal);

audit::Actor actor_of(const auth::Principal& principal, std::string_view address);

/// A query as it goes on record: all keys, and the values that say which patient or what was
/// looked for by number, code, UID or date. Names and other words about a person are left out:
/// the trail names patients by Patient ID.
std::string query_for_record(const http::Query& query);

}  // namespace larmor::api

#pragma once
#include "db/transaction.h"
#include "events/cloud_event.h"
#include "events/event_log.h"

namespace larmor::events {

/// What became of an event that somebody sent.
struct Accepted {
    std::int64_t sequence = 0;  ///< 0 where it comes later: see EventLog::append
    bool is_duplicate = false;  ///< was accepted before, as the event of that number
};

/// Appends the event unless the same (source and id) was accepted before and is still kept.
/// Errors: Denied where it claims to come from `own`, and those of EventLog::append.
Result<Accepted> accept_event(db::Transaction& tx, EventLog& log, const IncomingEvent& event,
                              const Source& own = {});

/// After days were dropped: forgets what came in with them.
Result<void> forget_dropped(db::Transaction& tx);

}  // namespace larmor::events

#pragma once
#include <string>

#include "db/database.h"
#include "events/event.h"
#include "index/targets.h"
#include "queue/queues.h"

namespace larmor::api {

// The targets of the index, as the API and the command line know them. These block.

struct IndexServices {
    db::Database& database;
    queue::Queues& queues;
    const index::Targets& targets;  ///< that this process keeps
};

/// `{"targets":[...]}`: each with how far it is and behind, its dead letters and its last
/// check.
Result<std::string> json_of_index(const IndexServices& services);
/// One of them. Errors: NotFound.
Result<std::string> json_of_index_target(const IndexServices& services,
                                         const std::string& target);

/// Nothing where every event up to that position is applied, else how far the target is, in
/// words. Errors: NotFound.
Result<std::optional<std::string>> why_not_at(const IndexServices& services,
                                              const std::string& target,
                                              events::Position position);

/// Every image set is applied again, beside what comes. Gives what the target is at, at least,
/// when that is over. Errors: NotFound (no such target), those of Queue::send.
Result<events::Position> rebuild_index(const IndexServices& services,
                                       const std::string& target);

/// Ends the keeping of a target: its rule goes, and all that waits in its queue; what is in the
/// target stays there. Errors: NotFound; Conflict where this process keeps it.
Result<void> remove_index(const IndexServices& services, const std::string& target);

}  // namespace larmor::api

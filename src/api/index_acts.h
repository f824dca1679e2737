#pragma once
#include <string>

#include "db/database.h"
#include "queue/queues.h"

namespace larmor::api {

// The targets of the index, as the API and the command line know them. These block.

/// `{"targets":[...]}`: each with what waits in its queue and how long, and its dead letters.
Result<std::string> json_of_index(queue::Queues& queues);

/// Every image set is applied again, beside what comes. Errors: NotFound (no such target),
/// those of Queue::send.
Result<void> rebuild_index(db::Database& database, queue::Queues& queues,
                           const std::string& target);

}  // namespace larmor::api

#pragma once
#include <memory>

#include "queue/queues.h"

namespace larmor::queue::sqlite {

struct SqliteQueuesOptions {
    const Clock* clock = &system_clock();
    /// How often a waiting receive looks, whatever it is told.
    std::chrono::nanoseconds poll_every = std::chrono::seconds(1);
};

/// Opens the queues of an embedded library, whose migrations (`migrations()` of queues.h) were
/// applied; both outlive them. Once a library: what is in flight belongs to a process that is
/// gone, so its visibility timeouts end now, without an outcome.
Result<std::unique_ptr<Queues>> open_sqlite_queues(db::Database& database,
                                                   const SqliteQueuesOptions& options);

}  // namespace larmor::queue::sqlite

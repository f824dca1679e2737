#pragma once
#include <vector>

#include "queue/sql_queue.h"

namespace larmor::queue {

/// The statements on the table `queues` that all drivers share.

Result<std::vector<QueueRow>> read_queues(db::Snapshot& snapshot);
Result<std::optional<QueueRow>> find_queue(db::Snapshot& snapshot, const std::string& name);
/// Its counts are the driver's to make.
Result<QueueRow> insert_queue(db::Transaction& tx, const std::string& name,
                              const QueueSettings& settings, Time now);
Result<void> update_queue(db::Transaction& tx, std::int64_t id, const QueueSettings& settings);

}  // namespace larmor::queue

#pragma once
#include "queue/message_rows.h"

namespace larmor::queue {

/// The statements on what is older than its id says, and on the oldest of a queue, that all
/// drivers share.

Result<void> note_late(Work& work, MessageId id);
/// Forgets some of those that are done, at most `limit`.
Result<void> forget_late(Work& work, std::size_t limit);

/// See Queue::list_oldest.
Result<std::vector<Unfinished>> read_oldest(db::Snapshot& snapshot, std::int64_t queue,
                                            std::size_t head_bytes);

}  // namespace larmor::queue

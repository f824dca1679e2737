#pragma once
#include <span>
#include <string>
#include <string_view>

#include "events/rules.h"
#include "queue/queues.h"

namespace larmor::routing {

/// Of one library; more are refused.
inline constexpr std::size_t kQueuesMax = 1000;

/// Begins the names of the queues of index targets. Their messages are envelopes that say where
/// in the log they stand (events/positioned.h).
inline constexpr std::string_view kIndexQueues = "index-";

/// True for the queues that the program itself sends to and receives from. Whatever others put
/// there would be taken for its own.
bool is_own_queue(std::string_view name);

// These block, as queue::Queues does.

/// The queue of this name as it is, or else a new one. Errors: InvalidInput (the name, the
/// settings), Denied for the program's own, LimitExceeded, and those of queue::Queues.
Result<queue::Queue*> open_or_make_queue(queue::Queues& queues, const std::string& name,
                                         const queue::QueueSettings& settings);

/// Makes, with the default settings, the queues of these targets that are not there yet: an
/// event that finds no queue would be lost. Errors: InvalidInput also for the program's own
/// queues, and those of open_or_make_queue.
Result<void> make_missing_queues(queue::Queues& queues,
                                 std::span<const events::Target> targets);

}  // namespace larmor::routing

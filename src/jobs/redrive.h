#pragma once
#include <span>

#include "db/database.h"
#include "queue/queue.h"

namespace larmor::jobs {

// Dead letters of kJobQueue are jobs that nobody works on any more. Sending such a message anew
// is not enough: a job runs by the message that its row names, and by no other. These block.

/// The jobs of these dead letters go on from their checkpoints, each by a message of its own.
/// Gives how many were sent; ids that are no dead letter are left out. Errors: Conflict where
/// the job of one has ended, then nothing is sent; those of the database.
Result<std::int64_t> redrive(db::Database& database, queue::Queue& queue,
                             std::span<const queue::MessageId> ids);
/// The same for all; the letters of jobs that have ended stay.
Result<std::int64_t> redrive_all(db::Database& database, queue::Queue& queue);

}  // namespace larmor::jobs

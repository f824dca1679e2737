#pragma once
#include <string_view>

#include "jobs/jobs.h"
#include "queue/queue.h"

namespace larmor::jobs {

/// The queue whose messages are jobs to be worked on: `{"job":17}`.
inline constexpr const char* kJobQueue = "jobs";

/// Makes a job and sends it to the queue, both or nothing. For a known idempotency key gives
/// the job that there is and sends nothing. Errors: those of Jobs::create and Queue::send.
Result<Jobs::Created> dispatch(db::Transaction& tx, const Jobs& jobs, queue::Queue& queue,
                               const NewJob& job);
/// Sends a job that has not ended again, behind whatever waits; from now on it is this message
/// that it runs by, and no other: so that one worker at a time has it.
Result<void> send_on(db::Transaction& tx, queue::Queue& queue, JobId id);

/// Errors: InvalidInput.
Result<JobId> parse_job_message(std::string_view body);

/// The message that a job runs by, as it was sent last; nothing for one without. Errors:
/// NotFound.
Result<std::optional<queue::MessageId>> message_of(db::Snapshot& snapshot, JobId id);

}  // namespace larmor::jobs

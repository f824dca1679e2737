#pragma once
#include <functional>

#include "larmor/job_service.h"

namespace larmor {

/// What SIGINT and SIGTERM do to a job that is followed.
enum class OnSignal : std::uint8_t {
    Leave,   ///< it goes on without us
    Cancel,  ///< it is cancelled, and followed to its end
};

/// Follows a job until it has ended, calling `changed` with each change of it, the end
/// included. An error of `changed` ends that. Gives the job as it ended, or as it was when we
/// left. Errors: Unavailable when the server went away; NotFound when somebody removed it.
Result<JobView> follow_job(ServerJobs& jobs, JobView job, OnSignal on_signal,
                           const std::function<Result<void>(const JobView&)>& changed);

enum class FollowForm : std::uint8_t {
    Terminal,  ///< one line that is written over
    Plain,     ///< a line every 10 seconds
    Json,      ///< each change, an object a line, on standard output
};

/// Follows it on standard error, or as JSON, and says how it ended. Gives the exit code: kDone
/// only for one that succeeded.
int follow_and_tell(ServerJobs& jobs, const JobView& job, OnSignal on_signal, FollowForm form);
FollowForm follow_form(bool json);

}  // namespace larmor

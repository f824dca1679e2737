#pragma once
#include <chrono>
#include <optional>

#include "async/bell.h"
#include "async/cancel.h"
#include "workers/steps/run_job.h"
#include "workers/task_group.h"

namespace larmor::workers {

/// Cancels a token when the cancellation of a job is asked for, by whichever process, when the
/// job is over otherwise, or when the step is asked to stop. On the executor that made it.
class CancelWatch {
public:
    CancelWatch(const RunJob::Services& services, std::chrono::milliseconds look_every,
                jobs::JobId id, async::CancelToken stop);

    async::CancelToken token() const { return source_.token(); }
    void cancel() { source_.cancel(); }
    /// Before it is destroyed.
    async::Task<void> end();

private:
    async::Task<void> watch(async::Bell::Listener listener);
    async::Task<bool> should_cancel();

    const RunJob::Services& services_;
    const std::chrono::milliseconds look_every_;
    const jobs::JobId id_;
    const async::CancelToken stop_;
    async::CancelSource source_;
    TaskGroup watching_;
    bool has_ended_ = false;
};

}  // namespace larmor::workers

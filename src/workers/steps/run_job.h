#pragma once
#include <chrono>

#include "async/bell.h"
#include "async/worker_pool.h"
#include "base/clock.h"
#include "db/database.h"
#include "jobs/dispatch.h"
#include "jobs/kind.h"
#include "queue/queue.h"
#include "workers/run_gate.h"
#include "workers/step.h"

namespace larmor::workers {

/// The step of the queue `jobs`: works on a job piece by piece. Each piece is a transaction of
/// its rows, progress and checkpoint; the last one also ends the job and removes the message.
///
/// - Whoever has the message works on the job, and nobody else: a job has one message, and each
///   piece wants the receipt handle to be good.
/// - A cancellation is seen by each piece, and wakes a running one: at once where it was asked
///   for in this process, else within `look_every`.
/// - A step that is asked to stop, and one whose turn is over, records where it is and sends
///   the job on in a new message. One whose process was lost goes on from its last checkpoint
///   when its message comes back; it stays alone in its process until it got further.
/// - Where a step of the process waits to run alone, and others behind it, a job lets it soon.
/// - Errors that may pass (verdict.h) send the job back, `receive_count_max` times; any other
///   fails it. A job always ends: see jobs::Upkeep for those that kill their process.
class RunJob final : public Step {
public:
    /// All of it outlives the step.
    struct Services {
        db::Database& database;
        queue::Queue& queue;  ///< jobs::kJobQueue
        const jobs::Jobs& jobs;
        const jobs::Kinds& kinds;
        async::WorkerPool& pool;
        async::Bell& bell;  ///< of `jobs`
        RunGate& gate;      ///< of the step's pool
        const Clock& clock = system_clock();
    };
    struct Options {
        /// Then others that wait have their turn, and a next start is counted from 0 again.
        std::chrono::microseconds turn{5 * 60 * 1'000'000LL};
        std::chrono::milliseconds look_every{1'000};
    };
    explicit RunJob(const Services& services);
    RunJob(const Services& services, const Options& options);

    async::Task<Result<Verdict>> run(queue::Message message, async::CancelToken stop) override;

private:
    class Work;
    const Services services_;
    const Options options_;
};

}  // namespace larmor::workers

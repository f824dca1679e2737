#pragma once
#include <cstdint>

#include "async/periodic.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "queue/queue.h"

namespace larmor::jobs {

/// Sees to it that every job ends: one whose message became a dead letter, since its workers
/// were lost again and again, or was taken out of the queue by hand, fails with that reason.
/// And removes the rows of jobs whose time is up.
class Upkeep {
public:
    struct Options {
        std::chrono::milliseconds look_every{10'000};
        /// Of what waits in the queue only every so many looks look.
        int looks_per_queued = 30;
    };
    /// `database`, `jobs` and `queue` must outlive it. `jobs` should count time as it passes: a
    /// wall clock that is set forward must not remove anything early.
    Upkeep(db::Database& database, const Jobs& jobs, queue::Queue& queue);
    Upkeep(db::Database& database, const Jobs& jobs, queue::Queue& queue, Options options);

    void start() { looking_.start(); }
    void stop() { looking_.stop(); }

    struct Looked {
        std::int64_t failed = 0;
        std::int64_t expired = 0;
    };
    /// One look, on the calling thread. Errors: those of the database.
    Result<Looked> look();

private:
    void look_and_log();
    Result<std::int64_t> fail_orphans(JobState state);
    Result<std::int64_t> remove_expired();

    db::Database& database_;
    const Jobs& jobs_;
    queue::Queue& queue_;
    const Options options_;
    int looks_ = 0;
    async::Periodic looking_;
};

}  // namespace larmor::jobs

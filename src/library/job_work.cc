#include "library/job_work.h"

#include "jobs/upkeep.h"
#include "workers/pool.h"
#include "workers/steps/run_job.h"

namespace larmor {
namespace {

constexpr std::chrono::seconds kStopWithin{10};
/// At a time; each of them uses what the processors give by itself.
constexpr std::size_t kJobsMax = 4;

}  // namespace

struct JobWork::Pool {
    Pool(Library& library, const jobs::Service& service)
        : jobs_of_upkeep(clock, library.jobs_keep(), &service.bell, library.job_events()),
          upkeep(library.database(), jobs_of_upkeep, service.queue),
          step({.database = library.database(),
                .queue = service.queue,
                .jobs = service.jobs,
                .kinds = service.kinds,
                .pool = library.pool(),
                .bell = service.bell,
                .gate = library.run_gate()}) {}

    /// What is kept for some time is measured by the time that passes.
    const SteadyClock clock{system_clock()};
    const jobs::Jobs jobs_of_upkeep;
    jobs::Upkeep upkeep;
    workers::RunJob step;
    std::unique_ptr<workers::Pool> workers;
};

Result<std::unique_ptr<JobWork>> JobWork::start(Library& library) {
    const auto service = library.jobs();
    auto pool = std::make_unique<Pool>(library, service);
    workers::PoolOptions options;
    options.lanes = {{.batch_max = 1, .concurrency_max = kJobsMax, .in_flight_max = kJobsMax}};
    TRY(pool->workers, workers::Pool::create({.queue = service.queue,
                                              .database = library.database(),
                                              .step = pool->step,
                                              .gate = library.run_gate()},
                                             options));
    pool->workers->start();
    pool->upkeep.start();
    return std::unique_ptr<JobWork>(new JobWork(std::move(pool)));
}

JobWork::JobWork(std::unique_ptr<Pool> pool) : pool_(std::move(pool)) {}

JobWork::~JobWork() {
    pool_->upkeep.stop();
    pool_->workers->stop(kStopWithin);
}

}  // namespace larmor

#pragma once
#include "async/worker_pool.h"
#include "jobs/tests/dispatch_fixture.h"
#include "jobs/upkeep.h"
#include "workers/pool.h"
#include "workers/steps/run_job.h"
#include "workers/tests/commit_watch.h"

namespace larmor::workers::testing {

using namespace std::chrono_literals;
using db::testing::must;

/// Jobs with a pool that works on them, on each database.
class RunJobFixture : public jobs::testing::DispatchTest {
protected:
    void TearDown() override {
        stop_pool();
        DispatchTest::TearDown();
    }

    /// Another pool beside one that runs is another process, as far as the rows know.
    struct Working {
        Working(RunJobFixture& test, const RunJob::Options& options)
            : step({*test.database_, *test.queue_, test.jobs_, test.kinds_, test.pool_,
                    test.bell_, gate},
                   options) {
            LaneOptions lane;
            lane.batch_max = 1;
            PoolOptions pool_options;
            pool_options.lanes = {lane};
            pool_options.backoff = {.first = 1ms, .max = 1ms};
            pool =
                must(Pool::create({*test.queue_, *test.database_, step, gate}, pool_options));
            pool->start();
        }
        RunGate gate;
        RunJob step;
        std::unique_ptr<Pool> pool;
    };

    void start_pool(const RunJob::Options& options = {}) {
        working_ = std::make_unique<Working>(*this, options);
    }
    void stop_pool() {
        if (working_) EXPECT_EQ(working_->pool->stop(1min), 0U);
        working_.reset();
    }
    /// The process ends and starts again; the pool has to be started too.
    void restart() {
        stop_pool();
        open();
    }

    /// Waits for each change of the job.
    jobs::Job await(jobs::JobId id, const std::function<bool(const jobs::Job&)>& happened) {
        auto listener = bell_.listen(to_int64(id));
        const auto deadline = std::chrono::steady_clock::now() + 4min;
        for (;;) {
            jobs::Job job = find(id);
            if (happened(job)) return job;
            if (std::chrono::steady_clock::now() > deadline) {
                ADD_FAILURE() << "did not happen within four minutes";
                return job;
            }
            async::sync_wait(listener->wait(50ms));
        }
    }
    jobs::Job await_end(jobs::JobId id) {
        return await(id, [](const jobs::Job& job) { return has_ended(job.state); });
    }

    jobs::Kinds kinds_;
    async::WorkerPool pool_{{.name = "test", .threads = 2, .background_threads = 0}};
    std::unique_ptr<Working> working_;
};

}  // namespace larmor::workers::testing

#pragma once
#include <memory>
#include <set>

#include "async/completion.h"
#include "base/clock.h"
#include "workers/outcome_writer.h"
#include "workers/pool_options.h"
#include "workers/run_gate.h"
#include "workers/step.h"
#include "workers/task_group.h"

namespace larmor::workers {

/// What a pool works with; all of it outlives the pool.
struct Services {
    queue::Queue& queue;
    db::Database& database;  ///< of the queue's rows
    Step& step;
    RunGate& gate;  ///< shared by all pools of the process
    /// For how long a step has taken.
    const Clock& clock = system_clock();
};

/// One share of a pool: receives messages of its priorities, runs the step on each and writes
/// the outcomes. On one executor only.
class Lane {
public:
    Lane(const Services& services, const PoolOptions& pool, LaneOptions options);

    /// Ends when it was stopped and every delivery is over.
    async::Task<void> run();
    /// Receives no more, gives back at once what is not started, asks steps to end.
    void stop();
    /// The time for stopping is over: gives back what still runs, whose results are not used
    /// any more. Ends when that is written.
    async::Task<void> give_up();
    std::size_t running() const { return running_; }

private:
    using DeliveryPtr = std::shared_ptr<Delivery>;

    async::Task<void> receive_all();
    /// Beside receive_all, as long as there is more: one receive at a time would be one commit
    /// a batch.
    async::Task<void> receive_more();
    async::Task<bool> wait_for_room();
    std::size_t room() const;
    async::Task<Result<std::vector<queue::Message>>> receive_batch(
        std::size_t messages_max, std::chrono::microseconds wait_max);
    void take(std::vector<queue::Message> batch);
    /// Starts, runs and settles it, in its turn.
    async::Task<void> work_on(DeliveryPtr delivery);
    /// Nothing where its result is not wanted any more.
    async::Task<std::optional<Verdict>> run_step(DeliveryPtr delivery);
    async::Task<Result<Verdict>> outcome_of_step(DeliveryPtr delivery);
    void forget(const DeliveryPtr& delivery);

    // lane_upkeep.cc: while steps run.
    async::Task<void> look_after_all();
    void look_after(const DeliveryPtr& delivery, std::chrono::microseconds timeout);
    async::Task<void> extend(DeliveryPtr delivery, std::chrono::microseconds timeout);
    /// Its result is not used from now on; the message can be received again when the task of
    /// `group` has ended.
    void take_from_step(const DeliveryPtr& delivery, const std::string& why, TaskGroup& group);
    std::chrono::microseconds visibility_timeout() const;

    const Services services_;
    const PoolOptions& pool_;
    const LaneOptions options_;
    LaneMetrics metrics_;
    OutcomeWriter outcomes_;
    async::CancelSource stopped_;
    async::CancelSource upkeep_ended_;
    async::Semaphore places_;
    TaskGroup work_;
    TaskGroup upkeep_;
    std::set<DeliveryPtr> in_flight_;
    std::size_t running_ = 0;
    std::size_t receiving_ = 0;  ///< places in flight that receives going on may fill
    std::size_t settling_ = 0;   ///< in flight, but without a place: the outcome is written
    std::size_t more_receivers_ = 0;
    async::Completion<>* room_ = nullptr;  ///< in the frame of who waits for it
};

}  // namespace larmor::workers

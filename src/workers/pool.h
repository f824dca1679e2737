#pragma once
#include <memory>

#include "workers/lane.h"

namespace larmor::workers {

/// Works on the messages of one queue: receives them in batches and runs the step on each, some
/// at a time. Every message that is received gets an outcome: done (what the step wrote and the
/// removal of the message are one transaction), tried again, or dead (verdict.h).
///
/// What holds whatever happens:
/// - A message is durably marked as started before its step begins. One whose worker died runs
///   alone in its process from then on (no other step starts until it has ended), and is a dead
///   letter after `receive_count_max` starts; those beside which it died lose one start.
/// - A step never loses its message because it is slow: the visibility timeout is extended
///   while it runs, until `step_max`.
/// - A step whose message was delivered again (its process was held, its clock ran on) changes
///   nothing: the receipt handle is stale, and the transaction with the effect rolls back.
/// - Each lane has places of its own: bulk work never keeps interactive work from a place, nor
///   the other way round.
///
/// Any number of pools, in any number of processes, share a queue. Calls are safe from any
/// thread but the pool's own.
class Pool {
public:
    /// Errors: InvalidInput, as check_options.
    static Result<std::unique_ptr<Pool>> create(const Services& services,
                                                const PoolOptions& options);
    /// As `stop` with no time at all, then waits for steps that still run: one that ignores its
    /// token is waited for until it ends.
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// Once.
    void start();
    /// Receives no more; gives back at once, uncounted, what was not started; asks running
    /// steps to end and waits for them, `within` at most; then gives back what still runs,
    /// whose results are not used any more. Blocks. Gives how many steps still run.
    std::size_t stop(std::chrono::nanoseconds within);

private:
    struct Core;
    explicit Pool(std::unique_ptr<Core> core);
    std::unique_ptr<Core> core_;
};

}  // namespace larmor::workers

#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "workers/verdict.h"

namespace larmor::workers {

/// Of a message for which somebody waits; at least so much where more than one kind is sent.
constexpr std::int32_t kInteractive = 10;

/// A share of a pool for messages of some priorities: it receives and runs by itself, so that
/// no other share's work is in its way.
struct LaneOptions {
    std::string name = "all";  ///< in metrics
    std::int32_t priority_min = std::numeric_limits<std::int32_t>::min();
    std::int32_t priority_max = std::numeric_limits<std::int32_t>::max();
    std::size_t batch_max = 10;  ///< messages of one receive
    /// How long a receive that got less than `batch_max` is followed by others before work on
    /// them begins: fewer transactions for later starts.
    std::chrono::microseconds batch_window{0};
    std::size_t concurrency_max = 4;  ///< steps at a time
    std::size_t in_flight_max = 40;   ///< messages received and without an outcome
    /// A whole batch counts as started when it is received, in the same transaction, also what
    /// waits for its turn: for many short steps. When the process dies, all of it loses a
    /// start.
    bool start_with_batch = false;
};

/// `kInteractive` and above have a share of their own, everything else has the other.
std::vector<LaneOptions> interactive_and_bulk(std::size_t interactive_concurrency_max,
                                              std::size_t bulk_concurrency_max);

struct PoolOptions {
    std::vector<LaneOptions> lanes = {LaneOptions{}};
    /// Of the receives and extensions. Nothing: the queue's.
    std::optional<std::chrono::microseconds> visibility_timeout{};
    /// How often a pool looks at its messages in flight: one is extended when a third of the
    /// visibility timeout has passed. Nothing: a sixth of it.
    std::optional<std::chrono::nanoseconds> look_every{};
    /// How long a step may take, once its start is durable. Then its message is given back,
    /// counted, and its result is not used any more; what it occupies it keeps until it ends.
    std::chrono::microseconds step_max = std::chrono::hours(1);
    std::int32_t schema_version_max = 1;
    Backoff backoff{};
    /// Asked before each receive; an error keeps the messages where they are, uncounted, until
    /// it says yes: what every step would fail for, such as a full disk. Any thread, quick.
    std::function<Result<void>()> may_receive{};
    std::chrono::milliseconds ask_again_every{1'000};  ///< after an error of `may_receive`
    /// Called when a message got its outcome, whichever. On the pool's thread, quick.
    std::function<void()> on_settled{};
};

/// Errors: InvalidInput, which names what and the limit. Priorities of two lanes must not
/// overlap: a message would have two shares.
Result<void> check_options(const PoolOptions& options);

}  // namespace larmor::workers

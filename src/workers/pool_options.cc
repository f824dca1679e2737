#include "workers/pool_options.h"

#include <algorithm>

#include "queue/message.h"

namespace larmor::workers {
namespace {

Result<void> check_lane(const LaneOptions& lane) {
    const auto refuse = [&](const std::string& what) {
        return fail(ErrorCode::InvalidInput, "lane " + lane.name + ": " + what);
    };
    if (lane.name.empty()) return fail(ErrorCode::InvalidInput, "a lane has a name");
    if (lane.priority_min > lane.priority_max) {
        return refuse("priority_min is above priority_max");
    }
    if (lane.batch_max < 1 || lane.batch_max > queue::limits::kMessages) {
        return refuse("batch_max is 1 to " + std::to_string(queue::limits::kMessages));
    }
    if (lane.concurrency_max < 1) return refuse("concurrency_max is at least 1");
    if (lane.in_flight_max < lane.concurrency_max) {
        return refuse("in_flight_max is at least concurrency_max");
    }
    if (lane.batch_window < std::chrono::microseconds(0) ||
        lane.batch_window > queue::limits::kWait) {
        return refuse("batch_window is at most a minute");
    }
    return {};
}

bool overlap(const LaneOptions& a, const LaneOptions& b) {
    return a.priority_min <= b.priority_max && b.priority_min <= a.priority_max;
}

}  // namespace

std::vector<LaneOptions> interactive_and_bulk(std::size_t interactive_concurrency_max,
                                              std::size_t bulk_concurrency_max) {
    // Few of a batch wait for their turn: another process may have a free place for them.
    const LaneOptions interactive{.name = "interactive",
                                  .priority_min = kInteractive,
                                  .concurrency_max = interactive_concurrency_max,
                                  .in_flight_max = 2 * interactive_concurrency_max};
    const LaneOptions bulk{.name = "bulk",
                           .priority_max = kInteractive - 1,
                           .concurrency_max = bulk_concurrency_max,
                           .in_flight_max = 10 * bulk_concurrency_max};
    return {interactive, bulk};
}

Result<void> check_options(const PoolOptions& options) {
    if (options.lanes.empty()) return fail(ErrorCode::InvalidInput, "a pool has a lane");
    for (auto lane = options.lanes.begin(); lane != options.lanes.end(); ++lane) {
        TRY_VOID(check_lane(*lane));
        const auto other = std::find_if(std::next(lane), options.lanes.end(),
                                        [&](const auto& next) { return overlap(*lane, next); });
        if (other != options.lanes.end()) {
            return fail(ErrorCode::InvalidInput, "the priorities of the lanes " + lane->name +
                                                     " and " + other->name + " overlap");
        }
    }
    return {};
}

}  // namespace larmor::workers

#pragma once
#include <string>

#include "observe/metrics.h"

namespace larmor::workers {

/// What a lane shows of itself, by queue and lane.
struct LaneMetrics {
    LaneMetrics(const std::string& queue, const std::string& lane);

    observe::Histogram& batch_size;  ///< messages a receive, empty ones included
    observe::Gauge& in_flight;
    observe::Gauge& in_flight_max;
    observe::Gauge& running;
    observe::Gauge& running_max;
    observe::Gauge& overdue;  ///< steps that took longer than they may and still run
    observe::Histogram& step_seconds;
    observe::Counter& extended;
    observe::Counter& receive_failed;
    // Outcomes.
    observe::Counter& done;
    observe::Counter& retried;
    observe::Counter& dead;
    observe::Counter& lost;        ///< was somebody else's meanwhile: rolled back
    observe::Counter& given_back;  ///< by a stop or for its time
};

}  // namespace larmor::workers

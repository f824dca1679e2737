#pragma once
#include <cstdint>

#include "queue/message.h"

namespace larmor::queue {

/// How far the receives of this process have got among what waits. PostgreSQL keeps what was
/// received and removed in its indexes until a vacuum, and steps over all of it with each look
/// at their front: 440,000 removals made a receive of 200 cost half as much again. So a receive
/// that follows soon goes on from here.
///
/// What waits before it and is not of a higher priority (sent by somebody slow to commit, given
/// back in another process, of another schema version) is found by the next look at the front.
struct Place {
    /// Receives that ask for other messages have not got here.
    bool is_of(const ReceiveOptions& options) const {
        return options.priority_min == priority_min && options.priority_max == priority_max &&
               options.schema_version_max == schema_version_max;
    }
    std::int32_t priority_min = 0;
    std::int32_t priority_max = 0;
    std::int32_t schema_version_max = 0;
    // The last message that was received.
    std::int32_t schema_version = 0;
    std::int32_t priority = 0;
    MessageId id{};
    microseconds looked_at{};  ///< uptime of the last look at the front
};

}  // namespace larmor::queue

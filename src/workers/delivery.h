#pragma once
#include <optional>

#include "async/cancel.h"
#include "queue/message.h"
#include "workers/run_gate.h"

namespace larmor::workers {

/// A message in flight, from its receive to its outcome. On the executor of its pool only.
struct Delivery {
    enum class Stage : std::uint8_t {
        Waiting,   ///< not started: given back, it costs nothing
        Running,   ///< started, or about to be
        Settling,  ///< its outcome is being written
        Over,      ///< it has an outcome, or is somebody else's
    };

    explicit Delivery(queue::Message received)
        : receipt_handle(received.receipt_handle),
          id(received.id),
          starts(received.start_count + (received.is_started ? 0 : 1)),
          suspect(received.suspect),
          message(std::move(received)) {}

    const std::string receipt_handle;
    const queue::MessageId id;
    const std::int64_t starts;  ///< the one of this delivery included
    const bool suspect;
    queue::Message message;  ///< goes to the step
    Stage stage = Stage::Waiting;
    bool overdue = false;
    bool extending = false;
    std::chrono::microseconds visible_since{};  ///< uptime of the latest receive or extension
    /// Uptime of the step's own beginning: how long its start took to be durable is not the
    /// step's fault, and a slow disk would else make dead letters.
    std::optional<std::chrono::microseconds> began_at{};
    async::CancelSource cancel;
    std::optional<RunGate::Permit> permit;
};

}  // namespace larmor::workers

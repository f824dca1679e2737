#pragma once
#include "queue/queue.h"
#include "workers/step.h"

namespace larmor::queue::testing {

/// One row for each message that was done, so that one that was done twice shows.
constexpr const char* kMakeEffects = "CREATE TABLE effects (body TEXT NOT NULL)";

/// Does what the body of its message says: `abort/...`, `memory/...` and `hang/...` are poison,
/// everything else is done in a moment: a row of `effects`, and for some another message.
class FaultyStep final : public workers::Step {
public:
    /// `queue` must outlive it.
    explicit FaultyStep(Queue& queue) : queue_(queue) {}
    async::Task<Result<workers::Verdict>> run(Message message,
                                              async::CancelToken stop) override;

private:
    Queue& queue_;
};

}  // namespace larmor::queue::testing

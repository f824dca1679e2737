#pragma once
#include <memory>
#include <vector>

#include "async/worker_pool.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/current.h"
#include "workers/step.h"

namespace larmor::workers {

/// Delivers an event to a webhook: `POST` of the envelope as application/json, with the headers
/// of Standard Webhooks (`webhook-id` is the event's id: who was called twice can tell), signed
/// with every key that is given. Any answer of 2xx is success, 410 is a dead letter, all else
/// is tried again, 429 and 503 after their Retry-After; redirects are not followed.
class DeliverWebhook final : public Step {
public:
    struct Options {
        /// None: unsigned.
        std::shared_ptr<const Current<std::vector<ByteBuffer>>> secrets =
            std::make_shared<const Current<std::vector<ByteBuffer>>>();
        unsigned deliveries_max = 8;  ///< at a time
        std::chrono::milliseconds timeout{15'000};
        const Clock* clock = &system_clock();
    };
    explicit DeliverWebhook(Options options);
    ~DeliverWebhook() override;

    async::Task<Result<Verdict>> run(queue::Message message, async::CancelToken stop) override;

private:
    Result<Verdict> deliver(const queue::Message& message) const;

    const Options options_;
    async::WorkerPool threads_;  ///< of their own: they wait for others' servers
};

}  // namespace larmor::workers

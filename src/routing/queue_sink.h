#pragma once
#include <map>
#include <string>

#include "events/router.h"
#include "observe/metrics.h"
#include "queue/queues.h"

namespace larmor::routing {

/// The queue of what goes to webhooks; each message is a WebhookMessage.
inline constexpr const char* kWebhookQueue = "webhooks";

/// Sends what rules select to durable queues: to the queue that the target names, whose
/// messages are the envelopes, or for a webhook to kWebhookQueue, which a worker delivers.
///
/// A queue that is not there, and an envelope that is too large for a message, cost that
/// message and nothing else: counted (`larmor_rule_messages_refused_total`) and, for a queue,
/// logged once. A full queue is an error: nothing is dropped silently, so what is to be written
/// has to wait.
class QueueSink final : public events::MessageSink {
public:
    /// `queues` must outlive it.
    explicit QueueSink(queue::Queues& queues) : queues_(queues) {}

    Result<void> send(db::Transaction& tx, const events::Target& target,
                      std::span<const events::RoutedMessage> messages) override;

private:
    /// Null where there is none.
    Result<queue::Queue*> queue_of(db::Transaction& tx, const events::Target& target);

    queue::Queues& queues_;
    std::map<std::string, bool, std::less<>> missing_;  ///< queues that were logged
    observe::Counter& sent_ = observe::metrics().counter(
        "larmor_rule_messages_total", "Messages that rules sent, replays included.");
    observe::Counter& refused_ =
        observe::metrics().counter("larmor_rule_messages_refused_total",
                                   "Messages of rules without a queue, or too large for one.");
};

}  // namespace larmor::routing

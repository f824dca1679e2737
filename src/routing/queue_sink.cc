#include "routing/queue_sink.h"

#include <vector>

#include "events/positioned.h"
#include "observe/log.h"
#include "routing/own_queues.h"
#include "routing/webhook_message.h"

namespace larmor::routing {
namespace {

std::string body_of(const events::Target& target, const events::RoutedMessage& message) {
    if (target.kind == events::TargetKind::Webhook) {
        return to_body(target.address, message.event_id, message.envelope);
    }
    if (target.address.starts_with(kIndexQueues)) {
        return events::with_position(message.position, message.envelope);
    }
    return std::string(message.envelope);
}

}  // namespace

Result<queue::Queue*> QueueSink::queue_of(db::Transaction& tx, const events::Target& target) {
    const std::string& name =
        target.kind == events::TargetKind::Webhook ? kWebhookQueue : target.address;
    TRY(queue::Queue* const queue, queues_.find(tx, name));
    if (queue == nullptr && missing_.try_emplace(name, true).second) {
        observe::log_warning("a rule sends to a queue that is not there", {{"queue", name}});
    }
    return queue;
}

Result<void> QueueSink::send(db::Transaction& tx, const events::Target& target,
                             std::span<const events::RoutedMessage> messages) {
    TRY(queue::Queue* const queue, queue_of(tx, target));
    if (queue == nullptr) {
        refused_.add(messages.size());
        return {};
    }
    std::vector<queue::NewMessage> batch;
    std::size_t bytes = 0;
    const auto send_batch = [&]() -> Result<void> {
        if (batch.empty()) return {};
        TRY_VOID(queue->send(tx, batch));
        sent_.add(batch.size());
        batch.clear();
        bytes = 0;
        return {};
    };
    const bool is_fifo = queue->settings().fifo;
    for (const events::RoutedMessage& message : messages) {
        queue::NewMessage next;
        next.body = body_of(target, message);
        // In the order of the log, all of it.
        if (is_fifo) next.message_group = "events";
        if (next.body.size() > queue::limits::kBodyBytes) {
            refused_.add(1);
            continue;
        }
        if (batch.size() == queue::limits::kMessages ||
            bytes + next.body.size() > queue::limits::kBatchBytes) {
            TRY_VOID(send_batch());
        }
        bytes += next.body.size();
        batch.push_back(std::move(next));
    }
    return send_batch();
}

}  // namespace larmor::routing

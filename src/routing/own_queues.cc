#include "routing/own_queues.h"

#include <algorithm>
#include <array>

#include "routing/queue_sink.h"

namespace larmor::routing {
namespace {

constexpr std::array<std::string_view, 3> kOwnQueues = {kWebhookQueue, "preprocess", "jobs"};

}  // namespace

bool is_own_queue(std::string_view name) {
    return name.starts_with(kIndexQueues) ||
           std::ranges::find(kOwnQueues, name) != kOwnQueues.end();
}

Result<queue::Queue*> open_or_make_queue(queue::Queues& queues, const std::string& name,
                                         const queue::QueueSettings& settings) {
    if (is_own_queue(name)) {
        return fail(ErrorCode::Denied, "the queue " + name + " is the program's own");
    }
    auto known = queues.open(name);
    if (known || known.error().code != ErrorCode::NotFound) return known;
    TRY(const auto all, queues.list());
    if (all.size() >= kQueuesMax) {
        return fail(ErrorCode::LimitExceeded,
                    "there are " + std::to_string(kQueuesMax) + " queues already");
    }
    return queues.create(name, settings);
}

Result<void> make_missing_queues(queue::Queues& queues,
                                 std::span<const events::Target> targets) {
    for (const auto& target : targets) {
        if (target.kind != events::TargetKind::Queue) continue;
        if (is_own_queue(target.address)) {
            return fail(ErrorCode::InvalidInput,
                        "the queue " + target.address +
                            " is the program's own: a rule sends to another");
        }
        TRY_VOID(open_or_make_queue(queues, target.address, {}));
    }
    return {};
}

}  // namespace larmor::routing

#pragma once
#include <span>
#include <string>

#include "queue/queue.h"

namespace larmor::queue {

// What callers hand in, against `limits`. Errors: InvalidInput, which names what and the limit.
Result<void> check_name(const std::string& name);
Result<void> check_settings(const QueueSettings& settings);
Result<void> check_messages(std::span<const NewMessage> messages,
                            const QueueSettings& settings);
Result<void> check_receive(const ReceiveOptions& options);
Result<void> check_visibility_timeout(microseconds timeout);
Result<void> check_release(const Release& release);
Result<void> check_reason(const std::string& reason);

}  // namespace larmor::queue

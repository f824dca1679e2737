#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor::routing {

/// What waits in the queue of webhooks: an envelope on its way to a URL. As the body of a
/// message: a line each for URL and id, and the envelope as it is.
struct WebhookMessage {
    std::string url;
    std::string event_id;  ///< the same each time that the event is sent
    std::string envelope;  ///< JSON, sent as it is
};

std::string to_body(std::string_view url, std::string_view event_id, std::string_view envelope);
/// Errors: InvalidInput.
Result<WebhookMessage> parse_webhook_message(std::string_view body);

}  // namespace larmor::routing

#include "routing/webhook_message.h"

namespace larmor::routing {

std::string to_body(std::string_view url, std::string_view event_id,
                    std::string_view envelope) {
    std::string body;
    body.reserve(url.size() + event_id.size() + envelope.size() + 2);
    body.append(url).append("\n").append(event_id).append("\n").append(envelope);
    return body;
}

Result<WebhookMessage> parse_webhook_message(std::string_view body) {
    const std::size_t url_end = body.find('\n');
    const std::size_t id_end = url_end == body.npos ? body.npos : body.find('\n', url_end + 1);
    if (id_end == body.npos) {
        return fail(ErrorCode::InvalidInput,
                    "the message of a webhook is URL, event id and envelope, a line each");
    }
    return WebhookMessage{
        .url = std::string(body.substr(0, url_end)),
        .event_id = std::string(body.substr(url_end + 1, id_end - url_end - 1)),
        .envelope = std::string(body.substr(id_end + 1))};
}

}  // namespace larmor::routing

#include "workers/steps/deliver_webhook.h"

#include <charconv>

#include "events/webhook_signature.h"
#include "http/client.h"
#include "http/url.h"
#include "routing/webhook_message.h"

namespace larmor::workers {
namespace {

constexpr std::uint64_t kAnswerMaxBytes = 1 << 20;
constexpr std::chrono::seconds kRetryAfterMax = std::chrono::hours(1);

/// Nothing where it is missing or a date, which our own backoff replaces.
std::optional<std::chrono::seconds> retry_after(const http::ClientResponse& response) {
    if (response.status != 429 && response.status != 503) return std::nullopt;
    const auto field = response.headers.find("Retry-After");
    if (!field) return std::nullopt;
    std::int64_t seconds = 0;
    const auto [end, error] =
        std::from_chars(field->data(), field->data() + field->size(), seconds);
    if (error != std::errc() || end != field->data() + field->size() || seconds < 0) {
        return std::nullopt;
    }
    return std::min(std::chrono::seconds(seconds), kRetryAfterMax);
}

Result<Verdict> verdict_on(const http::ClientResponse& response) {
    if (response.status >= 200 && response.status < 300) return Done{};
    const std::string answer = "the webhook answered " + std::to_string(response.status);
    if (response.status == 410) return Dead{"gone", answer};
    if (const auto after = retry_after(response)) return Retry{*after, answer};
    return fail(ErrorCode::Unavailable, answer);
}

http::Headers headers_of(const routing::WebhookMessage& message,
                         const DeliverWebhook::Options& options) {
    const std::string timestamp =
        std::to_string(std::chrono::floor<std::chrono::seconds>(options.clock->now())
                           .time_since_epoch()
                           .count());
    http::Headers headers;
    headers.add("Content-Type", "application/json");
    headers.add("User-Agent", "larmor");
    headers.add("webhook-id", message.event_id);
    headers.add("webhook-timestamp", timestamp);
    std::string signatures;
    const auto secrets = options.secrets->get();
    for (const ByteBuffer& secret : *secrets) {
        if (!signatures.empty()) signatures += ' ';
        signatures +=
            events::sign_webhook(secret, message.event_id, timestamp, message.envelope);
    }
    if (!signatures.empty()) headers.add("webhook-signature", signatures);
    return headers;
}

}  // namespace

DeliverWebhook::DeliverWebhook(Options options)
    : options_(std::move(options)),
      threads_({.name = "webhooks",
                .threads = options_.deliveries_max,
                .background_threads = 0,
                .queue_max = 1024}) {}

DeliverWebhook::~DeliverWebhook() = default;

async::Task<Result<Verdict>> DeliverWebhook::run(queue::Message message,
                                                 async::CancelToken /*stop*/) {
    co_return co_await threads_.run(
        async::Priority::Normal, [this, &message] { return deliver(message); },
        async::WhenFull::Wait);
}

Result<Verdict> DeliverWebhook::deliver(const queue::Message& message) const {
    TRY(const routing::WebhookMessage webhook, routing::parse_webhook_message(message.body));
    TRY(const http::Url url, http::parse_url(webhook.url));
    http::ClientOptions client_options;
    client_options.timeout = options_.timeout;
    client_options.body_max = kAnswerMaxBytes;
    if (url.is_tls) client_options.tls.emplace();
    // One connection a call: a kept one would have to be watched for its end.
    http::Client client(url.host, url.port, std::move(client_options));
    const auto response = client.send({.method = "POST",
                                       .target = url.target,
                                       .headers = headers_of(webhook, options_),
                                       .body = webhook.envelope});
    // Also an answer that is no HTTP: their server may be mended.
    if (!response) return fail(ErrorCode::Unavailable, response.error().message);
    return verdict_on(*response);
}

}  // namespace larmor::workers

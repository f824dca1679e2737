#pragma once
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace larmor::events {

/// The headers of Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp` (seconds since
/// 1970), `webhook-signature` (`v1,BASE64`, more than one separated by spaces). What is signed
/// is `ID.TIMESTAMP.BODY`, with HMAC-SHA256. Source:
/// github.com/standard-webhooks/standard-webhooks, "Webhook metadata", "Signatures".
struct WebhookHeaders {
    std::string_view id;
    std::string_view timestamp;
    std::string_view signature;
};

/// How far the sender's clock may be from ours, as that specification's libraries have it.
inline constexpr std::chrono::minutes kWebhookTolerance{5};

/// The key in `whsec_BASE64`, 24 to 64 bytes. Errors: InvalidInput.
Result<ByteBuffer> parse_event_secret(std::string_view text);

/// One signature, `v1,BASE64`.
std::string sign_webhook(Bytes secret, std::string_view id, std::string_view timestamp,
                         std::string_view body);

/// Errors: Unauthenticated, which says whether headers are missing, the time is too far away or
/// no key signed it.
Result<void> check_webhook(const WebhookHeaders& headers, std::string_view body,
                           std::span<const ByteBuffer> secrets, Time now);

}  // namespace larmor::events

#include "events/webhook_signature.h"

#include <charconv>

#include "base/base64.h"
#include "base/hash.h"

namespace larmor::events {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::size_t kSecretBytesMin = 24;
constexpr std::size_t kSecretBytesMax = 64;
constexpr std::size_t kHeaderBytesMax = 1024;

tl::unexpected<Error> not_signed(std::string message) {
    return fail(ErrorCode::Unauthenticated, std::move(message));
}

bool is_among(std::string_view signatures, std::string_view expected) {
    bool found = false;
    while (!signatures.empty()) {
        const std::string_view one = signatures.substr(0, signatures.find(' '));
        signatures.remove_prefix(std::min(one.size() + 1, signatures.size()));
        found = equal_in_constant_time(as_bytes(one), as_bytes(expected)) || found;
    }
    return found;
}

}  // namespace

Result<ByteBuffer> parse_event_secret(std::string_view text) {
    if (text.starts_with(kSecretPrefix)) {
        auto secret = from_base64(text.substr(kSecretPrefix.size()));
        if (secret && secret->size() >= kSecretBytesMin && secret->size() <= kSecretBytesMax) {
            return secret;
        }
    }
    return fail(ErrorCode::InvalidInput,
                "a secret for events is whsec_ and 24 to 64 bytes in base64");
}

std::string sign_webhook(Bytes secret, std::string_view id, std::string_view timestamp,
                         std::string_view body) {
    std::string message;
    message.reserve(id.size() + timestamp.size() + body.size() + 2);
    message.append(id).append(1, '.').append(timestamp).append(1, '.').append(body);
    const Sha256 signature = hmac_sha256(secret, as_bytes(message));
    return "v1," + to_base64(signature);
}

Result<void> check_webhook(const WebhookHeaders& headers, std::string_view body,
                           std::span<const ByteBuffer> secrets, Time now) {
    const std::string_view stamp = headers.timestamp;
    std::int64_t seconds = 0;
    const auto read = std::from_chars(stamp.data(), stamp.data() + stamp.size(), seconds);
    if (headers.id.empty() || headers.id.size() > kHeaderBytesMax || stamp.empty() ||
        headers.signature.empty() || headers.signature.size() > kHeaderBytesMax ||
        read.ec != std::errc() || read.ptr != stamp.data() + stamp.size()) {
        return not_signed(
            "the event is not signed: it needs webhook-id, webhook-timestamp and"
            " webhook-signature");
    }
    // Compared in seconds: a number far out must not overflow microseconds.
    const std::int64_t now_s =
        std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
    const std::int64_t tolerance_s = std::chrono::seconds(kWebhookTolerance).count();
    if (seconds < now_s - tolerance_s || seconds > now_s + tolerance_s) {
        return not_signed("webhook-timestamp is more than 5 minutes from our time");
    }
    for (const ByteBuffer& secret : secrets) {
        if (is_among(headers.signature, sign_webhook(secret, headers.id, stamp, body)))
            return {};
    }
    return not_signed("webhook-signature is by no key that we know");
}

}  // namespace larmor::events

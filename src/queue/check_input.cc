#include "queue/check_input.h"

#include <algorithm>

namespace larmor::queue {
namespace {

constexpr std::size_t kNameBytes = 80;
constexpr std::int64_t kCountMax = 1'000'000;

Result<void> check_range(const char* what, std::int64_t value, std::int64_t from,
                         std::int64_t to) {
    if (value >= from && value <= to) return {};
    return fail(ErrorCode::InvalidInput, std::string(what) + " is " + std::to_string(value) +
                                             ", not from " + std::to_string(from) + " to " +
                                             std::to_string(to));
}

Result<void> check_span(const char* what, microseconds value, microseconds from,
                        microseconds to) {
    if (value >= from && value <= to) return {};
    return fail(ErrorCode::InvalidInput,
                std::string(what) + " is " + std::to_string(value.count()) + " us, not from " +
                    std::to_string(from.count()) + " to " + std::to_string(to.count()));
}

/// Printable ASCII: the same characters for every engine, and none that hides.
Result<void> check_id(const char* what, const std::string& id) {
    const bool printable = std::ranges::all_of(id, [](char c) { return c > ' ' && c <= '~'; });
    if (printable && id.size() <= limits::kIdBytes) return {};
    return fail(ErrorCode::InvalidInput, std::string(what) + " is more than " +
                                             std::to_string(limits::kIdBytes) +
                                             " characters or has one that is not printable "
                                             "ASCII without spaces");
}

}  // namespace

Result<void> check_name(const std::string& name) {
    const bool good = std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    });
    if (good && !name.empty() && name.size() <= kNameBytes) return {};
    return fail(ErrorCode::InvalidInput,
                "the name of a queue is 1 to 80 of a-z, 0-9, '.', '_' and '-'");
}

Result<void> check_settings(const QueueSettings& settings) {
    TRY_VOID(check_visibility_timeout(settings.visibility_timeout));
    TRY_VOID(check_range("receive_count_max", settings.receive_count_max, 1, kCountMax));
    TRY_VOID(check_span("deduplication_window", settings.deduplication_window, microseconds(0),
                        limits::kDelay));
    return check_range("depth_max", settings.depth_max, 1, std::int64_t{1} << 39);
}

Result<void> check_messages(std::span<const NewMessage> messages,
                            const QueueSettings& settings) {
    TRY_VOID(check_range("the number of messages", static_cast<std::int64_t>(messages.size()),
                         0, limits::kMessages));
    std::size_t bytes = 0;
    for (const auto& message : messages) bytes += message.body.size();
    TRY_VOID(check_range("the size of all bodies", static_cast<std::int64_t>(bytes), 0,
                         limits::kBatchBytes));
    for (const auto& message : messages) {
        TRY_VOID(check_range("the size of a body",
                             static_cast<std::int64_t>(message.body.size()), 0,
                             limits::kBodyBytes));
        TRY_VOID(check_span("the delay", message.delay, microseconds(0), limits::kDelay));
        TRY_VOID(check_id("the deduplication id", message.deduplication_id));
        TRY_VOID(check_id("the message group", message.message_group));
        TRY_VOID(check_range("the schema version", message.schema_version, 0, kCountMax));
        TRY_VOID(check_range("the priority", message.priority, -kCountMax, kCountMax));
        if (settings.fifo == message.message_group.empty()) {
            return fail(ErrorCode::InvalidInput,
                        settings.fifo ? "a message of a FIFO queue has a message group"
                                      : "only messages of a FIFO queue have a message group");
        }
    }
    return {};
}

Result<void> check_receive(const ReceiveOptions& options) {
    TRY_VOID(check_range("messages_max", static_cast<std::int64_t>(options.messages_max), 1,
                         limits::kMessages));
    TRY_VOID(check_span("wait_max", options.wait_max, microseconds(0), limits::kWait));
    if (options.visibility_timeout)
        return check_visibility_timeout(*options.visibility_timeout);
    return {};
}

Result<void> check_visibility_timeout(microseconds timeout) {
    return check_span("the visibility timeout", timeout, std::chrono::milliseconds(1),
                      limits::kVisibilityTimeout);
}

Result<void> check_release(const Release& release) {
    return check_span("retry_after", release.retry_after, microseconds(0), limits::kDelay);
}

Result<void> check_reason(const std::string& reason) {
    if (reason.empty()) return fail(ErrorCode::InvalidInput, "a dead letter has a reason");
    return check_id("the reason", reason);
}

}  // namespace larmor::queue

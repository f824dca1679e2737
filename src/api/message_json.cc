#include "api/message_json.h"

#include "api/json_members_internal.h"
#include "api/queue_json.h"
#include "base/base64.h"
#include "base/json_text.h"

namespace larmor::api {
namespace {

tl::unexpected<Error> missing_member(std::string_view name) {
    return fail(ErrorCode::InvalidInput, "the body lacks the member " + std::string(name));
}

Result<queue::NewMessage> parse_new_message(ondemand::value element) {
    ondemand::object object;
    if (element.get_object().get(object)) return wrong_member_value("messages", "of objects");
    queue::NewMessage message;
    int bodies = 0;
    TRY_VOID(for_each_member(
        object, [&](const std::string& name, ondemand::value value) -> Result<void> {
            if (name == "body") {
                ++bodies;
                TRY(message.body, text_member(name, value));
            } else if (name == "body_base64") {
                ++bodies;
                TRY(const auto text, text_member(name, value));
                TRY(const auto bytes, from_base64(text));
                message.body = to_string(bytes);
            } else if (name == "delay_s") {
                TRY(message.delay, seconds_member(name, value));
            } else if (name == "deduplication_id") {
                TRY(message.deduplication_id, text_member(name, value));
            } else if (name == "message_group") {
                TRY(message.message_group, text_member(name, value));
            } else if (name == "schema_version") {
                TRY(message.schema_version, number_member<std::int32_t>(name, value));
            } else if (name == "priority") {
                TRY(message.priority, number_member<std::int32_t>(name, value));
            } else {
                return unknown_member(name);
            }
            return {};
        }));
    if (bodies == 1) return message;
    return fail(ErrorCode::InvalidInput, "a message has one of body and body_base64");
}

void append_message(std::string& json, const queue::Message& message) {
    json += R"({"id":)";
    append_id(json, message.id);
    json += R"(,"receipt_handle":)";
    append_json_string(json, message.receipt_handle);
    json += R"(,"sent_at":)";
    append_json_string(json, to_iso8601(message.sent_at));
    json += R"(,"receive_count":)" + std::to_string(message.receive_count);
    json += R"(,"start_count":)" + std::to_string(message.start_count);
    json += R"(,"suspect":)";
    json += message.suspect ? "true" : "false";
    json += R"(,"schema_version":)" + std::to_string(message.schema_version);
    json += R"(,"priority":)" + std::to_string(message.priority);
    if (!message.message_group.empty()) {
        json += R"(,"message_group":)";
        append_json_string(json, message.message_group);
    }
    if (!message.last_error.empty() && is_utf8(message.last_error)) {
        json += R"(,"last_error":)";
        append_json_string(json, message.last_error);
    }
    json += ',';
    append_body_member(json, message.body);
    json += '}';
}

}  // namespace

Result<std::vector<queue::NewMessage>> parse_send_request(std::string_view json) {
    std::vector<queue::NewMessage> messages;
    TRY_VOID(for_each_member(
        json, [&](const std::string& name, ondemand::value value) -> Result<void> {
            if (name != "messages") return unknown_member(name);
            return for_each_element(name, value, queue::limits::kMessages,
                                    [&](ondemand::value element) -> Result<void> {
                                        TRY(auto message, parse_new_message(element));
                                        messages.push_back(std::move(message));
                                        return {};
                                    });
        }));
    if (messages.empty()) return missing_member("messages");
    return messages;
}

void append_sent_json(std::string& json, const std::vector<queue::Sent>& sent) {
    json += R"({"messages":[)";
    for (std::size_t i = 0; i < sent.size(); ++i) {
        json += i > 0 ? R"(,{"id":)" : R"({"id":)";
        append_id(json, sent[i].id);
        json += R"(,"duplicate":)";
        json += sent[i].duplicate ? "true}" : "false}";
    }
    json += "]}";
}

Result<queue::ReceiveOptions> parse_receive_request(std::string_view json) {
    queue::ReceiveOptions options;
    TRY_VOID(for_each_member(
        json, [&](const std::string& name, ondemand::value value) -> Result<void> {
            if (name == "max") {
                TRY(const auto max, number_member<std::int32_t>(name, value));
                if (max < 1) return wrong_member_value(name, "a whole number from 1 to 1000");
                options.messages_max = static_cast<std::size_t>(max);
            } else if (name == "wait_s") {
                TRY(options.wait_max, seconds_member(name, value));
            } else if (name == "visibility_timeout_s") {
                TRY(options.visibility_timeout, seconds_member(name, value));
            } else if (name == "schema_version_max") {
                TRY(options.schema_version_max, number_member<std::int32_t>(name, value));
            } else {
                return unknown_member(name);
            }
            return {};
        }));
    return options;
}

void append_received_json(std::string& json, const std::vector<queue::Message>& messages) {
    json += R"({"messages":[)";
    for (std::size_t i = 0; i < messages.size(); ++i) {
        json += i > 0 ? "," : "";
        append_message(json, messages[i]);
    }
    json += "]}";
}

Result<std::vector<std::string>> parse_receipt_handles(std::string_view json) {
    std::vector<std::string> handles;
    TRY_VOID(for_each_member(
        json, [&](const std::string& name, ondemand::value value) -> Result<void> {
            if (name != "receipt_handles") return unknown_member(name);
            return for_each_element(name, value, queue::limits::kMessages,
                                    [&](ondemand::value element) -> Result<void> {
                                        TRY(auto handle, text_member(name, element));
                                        handles.push_back(std::move(handle));
                                        return {};
                                    });
        }));
    if (handles.empty()) return missing_member("receipt_handles");
    return handles;
}

Result<ExtendRequest> parse_extend_request(std::string_view json) {
    ExtendRequest request;
    std::optional<queue::microseconds> timeout;
    TRY_VOID(for_each_member(
        json, [&](const std::string& name, ondemand::value value) -> Result<void> {
            if (name == "receipt_handle") {
                TRY(request.receipt_handle, text_member(name, value));
            } else if (name == "visibility_timeout_s") {
                TRY(timeout, seconds_member(name, value));
            } else {
                return unknown_member(name);
            }
            return {};
        }));
    if (request.receipt_handle.empty()) return missing_member("receipt_handle");
    if (!timeout) return missing_member("visibility_timeout_s");
    request.visibility_timeout = *timeout;
    return request;
}

Result<ReleaseRequest> parse_release_request(std::string_view json) {
    ReleaseRequest request;
    TRY_VOID(for_each_member(
        json, [&](const std::string& name, ondemand::value value) -> Result<void> {
            if (name == "receipt_handle") {
                TRY(request.receipt_handle, text_member(name, value));
            } else if (name == "retry_after_s") {
                TRY(request.release.retry_after, seconds_member(name, value));
            } else if (name == "error") {
                TRY(request.release.error, text_member(name, value));
            } else {
                return unknown_member(name);
            }
            return {};
        }));
    if (request.receipt_handle.empty()) return missing_member("receipt_handle");
    return request;
}

Result<DeadLetterRequest> parse_dead_letter_request(std::string_view json) {
    DeadLetterRequest request;
    TRY_VOID(for_each_member(
        json, [&](const std::string& name, ondemand::value value) -> Result<void> {
            if (name == "receipt_handle") {
                TRY(request.receipt_handle, text_member(name, value));
            } else if (name == "reason") {
                TRY(request.reason, text_member(name, value));
            } else if (name == "error") {
                TRY(request.error, text_member(name, value));
            } else {
                return unknown_member(name);
            }
            return {};
        }));
    if (request.receipt_handle.empty()) return missing_member("receipt_handle");
    return request;
}

}  // namespace larmor::api

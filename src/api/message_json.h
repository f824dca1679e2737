#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "queue/queue.h"

namespace larmor::api {

// What others send to and take from queues, as JSON. All errors: InvalidInput that names the
// member.

/// `{"messages":[{"body":"..",..}]}`, with `body_base64` for what is no text.
Result<std::vector<queue::NewMessage>> parse_send_request(std::string_view json);
/// Appends `{"messages":[{"id":"17","duplicate":false}]}`, in the order of sending.
void append_sent_json(std::string& json, const std::vector<queue::Sent>& sent);

/// `{"max":10,"wait_s":20,"visibility_timeout_s":60,"schema_version_max":1}`, all optional.
Result<queue::ReceiveOptions> parse_receive_request(std::string_view json);
/// Appends `{"messages":[{"id":"17","receipt_handle":"..","body":"..",..}]}`.
void append_received_json(std::string& json, const std::vector<queue::Message>& messages);

/// `{"receipt_handles":[".."]}`.
Result<std::vector<std::string>> parse_receipt_handles(std::string_view json);

struct ExtendRequest {
    std::string receipt_handle;
    queue::microseconds visibility_timeout{0};
};
/// `{"receipt_handle":"..","visibility_timeout_s":60}`.
Result<ExtendRequest> parse_extend_request(std::string_view json);

struct ReleaseRequest {
    std::string receipt_handle;
    queue::Release release;
};
/// `{"receipt_handle":"..","retry_after_s":0,"error":".."}`; the last two are optional.
Result<ReleaseRequest> parse_release_request(std::string_view json);

struct DeadLetterRequest {
    std::string receipt_handle;
    std::string reason;
    std::string error;
};
/// `{"receipt_handle":"..","reason":"..","error":".."}`; the last is optional.
Result<DeadLetterRequest> parse_dead_letter_request(std::string_view json);

}  // namespace larmor::api

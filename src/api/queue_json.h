#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "queue/queue.h"

namespace larmor::api {

/// Appends a queue with its settings and counts: `{"name":"index","internal":false,"fifo":
/// false,"visibility_timeout_s":30,..,"depth":2,"oldest_age_s":1.5}`. `oldest_age_s` is null
/// where there is no message.
void append_queue_json(std::string& json, const queue::Queue& queue,
                       const queue::QueueStats& stats);

/// Appends a dead letter, with `body` or `body_base64` where one is given.
void append_dead_letter_json(std::string& json, const queue::DeadLetter& letter,
                             std::optional<std::string_view> body);

/// Appends `"body":"..."`, or `"body_base64":"..."` where it is no UTF-8.
void append_body_member(std::string& json, std::string_view body);
/// Appends seconds: `30`, `0.25`.
void append_seconds(std::string& json, queue::microseconds time);
/// Appends an id as JSON text: it may be beyond what a JSON number holds.
void append_id(std::string& json, queue::MessageId id);

/// `before` with the members that the body has. Errors: InvalidInput.
Result<queue::QueueSettings> parse_queue_settings(std::string_view json,
                                                  queue::QueueSettings before);

/// Errors: InvalidInput.
Result<queue::MessageId> parse_message_id(std::string_view text);

struct RedriveRequest {
    std::vector<queue::MessageId> ids;
    bool all = false;
};
/// `{"ids":["17"]}` or `{"all":true}`. Errors: InvalidInput.
Result<RedriveRequest> parse_redrive_request(std::string_view json);

enum class Purged : std::uint8_t { Messages, DeadLetters };
/// `{"what":"messages"}` or `{"what":"dead_letters"}`. Errors: InvalidInput.
Result<Purged> parse_purge_request(std::string_view json);

}  // namespace larmor::api

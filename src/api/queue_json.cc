#include "api/queue_json.h"

#include "api/json_members_internal.h"
#include "api/list_query.h"
#include "base/base64.h"
#include "base/json_text.h"
#include "routing/own_queues.h"

namespace larmor::api {
namespace {

using std::chrono::seconds;

void append_number_member(std::string& json, std::string_view name, std::int64_t value) {
    json += ",\"";
    json += name;
    json += "\":" + std::to_string(value);
}
void append_text_member(std::string& json, std::string_view name, std::string_view text) {
    json += ",\"";
    json += name;
    json += "\":";
    // An error's text comes from anywhere.
    append_json_string(json, is_utf8(text) ? text : std::string_view("(not UTF-8)"));
}
void append_seconds_member(std::string& json, std::string_view name, queue::microseconds time) {
    json += ",\"";
    json += name;
    json += "\":";
    append_seconds(json, time);
}

}  // namespace

void append_seconds(std::string& json, queue::microseconds time) {
    const auto whole = std::chrono::floor<seconds>(time);
    json += std::to_string(whole.count());
    const auto rest = (time - whole).count();
    if (rest == 0) return;
    std::string digits = std::to_string(rest);
    digits.insert(0, 6 - digits.size(), '0');
    digits.erase(digits.find_last_not_of('0') + 1);
    json += '.' + digits;
}

void append_id(std::string& json, queue::MessageId id) {
    json += '"' + std::to_string(queue::to_int64(id)) + '"';
}

void append_body_member(std::string& json, std::string_view body) {
    if (is_utf8(body)) {
        json += R"("body":)";
        append_json_string(json, body);
        return;
    }
    json += R"("body_base64":")";
    append_base64(json, as_bytes(body));
    json += '"';
}

void append_queue_json(std::string& json, const queue::Queue& queue,
                       const queue::QueueStats& stats) {
    const auto settings = queue.settings();
    json += R"({"name":)";
    append_json_string(json, queue.name());
    json += R"(,"internal":)";
    json += routing::is_own_queue(queue.name()) ? "true" : "false";
    json += R"(,"fifo":)";
    json += settings.fifo ? "true" : "false";
    append_seconds_member(json, "visibility_timeout_s", settings.visibility_timeout);
    append_number_member(json, "receive_count_max", settings.receive_count_max);
    append_seconds_member(json, "deduplication_window_s", settings.deduplication_window);
    append_number_member(json, "depth_max", settings.depth_max);
    append_number_member(json, "waiting", stats.waiting);
    append_number_member(json, "delayed", stats.delayed);
    append_number_member(json, "in_flight", stats.in_flight);
    append_number_member(json, "dead", stats.dead);
    append_number_member(json, "depth", stats.depth());
    append_number_member(json, "sent", stats.sent);
    if (stats.depth() > 0) {
        append_seconds_member(json, "oldest_age_s", stats.oldest_age);
    } else {
        json += R"(,"oldest_age_s":null)";
    }
    json += '}';
}

void append_dead_letter_json(std::string& json, const queue::DeadLetter& letter,
                             std::optional<std::string_view> body) {
    json += R"({"id":)";
    append_id(json, letter.id);
    append_text_member(json, "reason", letter.reason);
    append_text_member(json, "last_error", letter.last_error);
    append_text_member(json, "sent_at", to_iso8601(letter.sent_at));
    append_text_member(json, "dead_at", to_iso8601(letter.dead_at));
    append_number_member(json, "receive_count", letter.receive_count);
    append_number_member(json, "start_count", letter.start_count);
    append_number_member(json, "schema_version", letter.schema_version);
    append_number_member(json, "priority", letter.priority);
    if (!letter.message_group.empty()) {
        append_text_member(json, "message_group", letter.message_group);
    }
    if (body) {
        json += ',';
        append_body_member(json, *body);
    }
    json += '}';
}

Result<queue::QueueSettings> parse_queue_settings(std::string_view json,
                                                  queue::QueueSettings before) {
    auto settings = before;
    TRY_VOID(for_each_member(
        json, [&](const std::string& name, ondemand::value value) -> Result<void> {
            if (name == "fifo") {
                TRY(settings.fifo, bool_member(name, value));
            } else if (name == "visibility_timeout_s") {
                TRY(settings.visibility_timeout, seconds_member(name, value));
            } else if (name == "receive_count_max") {
                TRY(settings.receive_count_max, number_member(name, value));
            } else if (name == "deduplication_window_s") {
                TRY(settings.deduplication_window, seconds_member(name, value));
            } else if (name == "depth_max") {
                TRY(settings.depth_max, number_member(name, value));
            } else {
                return unknown_member(name);
            }
            return {};
        }));
    return settings;
}

Result<queue::MessageId> parse_message_id(std::string_view text) {
    TRY(const std::int64_t id, parse_number("the id of a message", text));
    return queue::MessageId(id);
}

Result<RedriveRequest> parse_redrive_request(std::string_view json) {
    RedriveRequest request;
    bool has_ids = false;
    TRY_VOID(for_each_member(
        json, [&](const std::string& name, ondemand::value value) -> Result<void> {
            if (name == "all") {
                TRY(request.all, bool_member(name, value));
                return {};
            }
            if (name != "ids") return unknown_member(name);
            has_ids = true;
            return for_each_element(name, value, queue::limits::kMessages,
                                    [&](ondemand::value element) -> Result<void> {
                                        TRY(const auto text, text_member("ids", element));
                                        TRY(const auto id, parse_message_id(text));
                                        request.ids.push_back(id);
                                        return {};
                                    });
        }));
    if (has_ids != request.all) return request;
    return fail(ErrorCode::InvalidInput, R"(the body is {"ids":[..]} or {"all":true})");
}

Result<Purged> parse_purge_request(std::string_view json) {
    std::string what;
    TRY_VOID(for_each_member(
        json, [&](const std::string& name, ondemand::value value) -> Result<void> {
            if (name != "what") return unknown_member(name);
            TRY(what, text_member(name, value));
            return {};
        }));
    if (what == "messages") return Purged::Messages;
    if (what == "dead_letters") return Purged::DeadLetters;
    return wrong_member_value("what", "messages or dead_letters");
}

}  // namespace larmor::api

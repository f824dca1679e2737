// The body of a request to /v1/queues; the first byte chooses which. What is taken keeps to its
// bounds, what is refused says why in text that a problem document can hold, and any body of a
// message comes back out of the answer as it was.
#include <simdjson.h>

#include "api/message_json.h"
#include "api/problem.h"
#include "api/queue_json.h"
#include "base/base64.h"

namespace {

using namespace larmor;

void check_is_json(const std::string& json) {
    simdjson::dom::parser parser;
    LARMOR_CHECK(parser.parse(json).error() == simdjson::SUCCESS);
}

template <typename T>
const T* taken(const Result<T>& result) {
    if (result) return &*result;
    LARMOR_CHECK(result.error().code == ErrorCode::InvalidInput);
    LARMOR_CHECK(!result.error().message.empty());
    check_is_json(api::problem_json(result.error(), "id"));
    return nullptr;
}

void check_time(queue::microseconds time) {
    LARMOR_CHECK(time >= queue::microseconds(0) && time <= std::chrono::seconds(1'000'000'000));
}

/// A receiver reads what was sent.
void check_comes_back(const queue::NewMessage& sent) {
    queue::Message message;
    message.body = sent.body;
    message.message_group = sent.message_group;
    std::string json;
    api::append_received_json(json, {message});
    simdjson::dom::parser parser;
    simdjson::dom::element first;
    LARMOR_CHECK(parser.parse(json).at_pointer("/messages/0").get(first) == simdjson::SUCCESS);
    std::string_view text;
    if (first["body"].get(text) == simdjson::SUCCESS) {
        LARMOR_CHECK(text == sent.body);
        return;
    }
    LARMOR_CHECK(first["body_base64"].get(text) == simdjson::SUCCESS);
    const auto bytes = from_base64(text);
    LARMOR_CHECK(bytes && as_text(*bytes) == sent.body);
}

void parse_send(std::string_view body) {
    const auto messages = api::parse_send_request(body);
    if (!taken(messages)) return;
    LARMOR_CHECK(messages->size() <= queue::limits::kMessages);
    for (const auto& message : *messages) {
        check_time(message.delay);
        check_comes_back(message);
    }
}

void parse_receive(std::string_view body) {
    const auto options = api::parse_receive_request(body);
    if (!taken(options)) return;
    check_time(options->wait_max);
    if (options->visibility_timeout) check_time(*options->visibility_timeout);
}

void parse_settings(std::string_view body) {
    const auto settings = api::parse_queue_settings(body, {});
    if (!taken(settings)) return;
    check_time(settings->visibility_timeout);
    check_time(settings->deduplication_window);
}

void parse_redrive(std::string_view body) {
    const auto request = api::parse_redrive_request(body);
    if (!taken(request)) return;
    LARMOR_CHECK(!request->all || request->ids.empty());
    for (const auto id : request->ids) LARMOR_CHECK(queue::to_int64(id) >= 0);
}

void parse_outcome(std::string_view body) {
    if (const auto extend = api::parse_extend_request(body); taken(extend)) {
        check_time(extend->visibility_timeout);
    }
    if (const auto release = api::parse_release_request(body); taken(release)) {
        check_time(release->release.retry_after);
    }
    taken(api::parse_dead_letter_request(body));
    taken(api::parse_receipt_handles(body));
    taken(api::parse_purge_request(body));
    taken(api::parse_message_id(body));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 5) {
        case 0:
            parse_send(body);
            break;
        case 1:
            parse_receive(body);
            break;
        case 2:
            parse_settings(body);
            break;
        case 3:
            parse_redrive(body);
            break;
        default:
            parse_outcome(body);
    }
    return 0;
}

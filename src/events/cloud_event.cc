#include "events/cloud_event.h"

#include <simdjson.h>

#include <algorithm>

#include "base/json_text.h"

namespace larmor::events {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kAttributeBytesMax = 256;
constexpr std::size_t kSequenceDigits = 19;  // of the largest there is

std::string sequence_text(std::int64_t sequence) {
    const std::string digits = std::to_string(sequence);
    return std::string(kSequenceDigits - std::min(kSequenceDigits, digits.size()), '0') +
           digits;
}

void append_member(std::string& json, std::string_view name, std::string_view value) {
    json += ',';
    append_json_string(json, name);
    json += ':';
    append_json_string(json, value);
}

/// Errors: InvalidInput where it is given and no text of 1 to 256 bytes without control
/// characters, or not given and required.
enum class Needed : std::uint8_t { Yes, No };
Result<std::string> read_attribute(const dom::object& event, std::string_view name,
                                   Needed needed) {
    std::string_view text;
    const auto error = event.at_key(name).get(text);
    if (error == simdjson::NO_SUCH_FIELD && needed == Needed::No) return std::string();
    const bool is_clean = std::ranges::none_of(
        text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
    if (error || text.empty() || text.size() > kAttributeBytesMax || !is_clean) {
        return fail(ErrorCode::InvalidInput,
                    "the CloudEvents attribute " + std::string(name) +
                        " is a text of 1 to 256 bytes without control characters");
    }
    return std::string(text);
}

/// As it was sent: no number is rounded on its way.
Result<std::string> raw_data(const simdjson::padded_string& json) {
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document;
    simdjson::ondemand::object data;
    std::string_view raw;
    if (parser.iterate(json).get(document) || document["data"].get_object().get(data) ||
        data.raw_json().get(raw)) {
        return fail(ErrorCode::InvalidInput, "the CloudEvents data can't be read");
    }
    return std::string(raw);
}

}  // namespace

void append_cloud_event(std::string& json, const StoredEvent& event, const Source& source) {
    json += R"({"specversion":"1.0")";
    append_member(json, "id", event.id);
    append_member(json, "source", event.source.empty() ? source.source : event.source);
    append_member(json, "type", event.detail_type);
    const std::string& subject = event.resource.empty() ? event.subject_id : event.resource;
    if (!subject.empty()) append_member(json, "subject", subject);
    append_member(json, "time", to_iso8601(event.time));
    append_member(json, "sequence", sequence_text(event.position.sequence));
    append_member(
        json, "larmorposition",
        std::to_string(event.position.epoch) + "-" + std::to_string(event.position.sequence));
    append_member(json, "datacontenttype", "application/json");
    json += R"(,"data":)";
    json += event.detail;
    json += '}';
}

Result<IncomingEvent> parse_cloud_event(std::string_view json) {
    if (json.size() > kCloudEventBytesMax) {
        return fail(ErrorCode::LimitExceeded, "an event has at most 256 KiB");
    }
    const simdjson::padded_string padded(json);
    dom::parser parser;
    dom::object event;
    if (parser.parse(padded).get_object().get(event)) {
        return fail(ErrorCode::InvalidInput, "the event is not a JSON object");
    }
    TRY(const std::string version, read_attribute(event, "specversion", Needed::Yes));
    if (version != "1.0") {
        return fail(ErrorCode::InvalidInput, "the CloudEvents specversion is 1.0");
    }
    IncomingEvent incoming;
    TRY(incoming.id, read_attribute(event, "id", Needed::Yes));
    TRY(incoming.source, read_attribute(event, "source", Needed::Yes));
    TRY(incoming.type, read_attribute(event, "type", Needed::Yes));
    TRY(incoming.subject, read_attribute(event, "subject", Needed::No));
    if (event.at_key("data_base64").error() == simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput, "CloudEvents data_base64 is not taken");
    }
    const auto data = event.at_key("data");
    if (data.error() == simdjson::NO_SUCH_FIELD) return incoming;
    if (!data.is_object()) {
        return fail(ErrorCode::InvalidInput, "the CloudEvents data is a JSON object");
    }
    TRY(incoming.data, raw_data(padded));
    return incoming;
}

}  // namespace larmor::events

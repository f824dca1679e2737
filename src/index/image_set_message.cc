#include "index/image_set_message.h"

#include <simdjson.h>

#include <charconv>

#include "events/positioned.h"

namespace larmor::index {
namespace {

constexpr std::string_view kTagChange = "Tag Change on Resource";

}  // namespace

Result<IndexMessage> parse_index_message(std::string_view body) {
    simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput, "the message is no JSON");
    }
    const auto position = events::position_of(body).value_or(events::Position{});
    std::int64_t after = 0;
    if (root["rebuild"]["after"].get(after) == simdjson::SUCCESS) {
        return Rebuild{.after = catalog::ImageSetRow{after}, .position = position};
    }
    simdjson::dom::element detail;
    if (root["detail"].get(detail) != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput, "the message is no envelope with a detail");
    }
    std::string_view id;
    if (detail["jobId"].get(id) == simdjson::SUCCESS) {
        return ImportJobChanged{.job_id = std::string(id), .position = position};
    }
    ImageSetChanged message{.image_set_id = {}, .position = position};
    if (detail["imageSetId"].get(id) != simdjson::SUCCESS &&
        detail["imagesetId"].get(id) != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput, "the event names no image set");
    }
    message.image_set_id = id;
    message.is_again = root["again"].error() == simdjson::SUCCESS;
    std::string_view type;
    if (root["detail-type"].get(type) == simdjson::SUCCESS && type == kTagChange)
        return message;
    std::string_view version;
    if (detail["imageSetVersion"].get(version) != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput, "the event names no version of its image set");
    }
    const auto [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), message.version);
    if (error != std::errc() || end != version.data() + version.size()) {
        return fail(ErrorCode::InvalidInput, "the version of the image set is no number");
    }
    return message;
}

std::string to_body(const ImageSetChanged& changed) {
    // Ids are hexadecimal: nothing to escape.
    return events::with_position(
        changed.position, R"({"detail":{"imageSetId":")" + changed.image_set_id +
                              R"(","imageSetVersion":")" + std::to_string(changed.version) +
                              R"("})" + (changed.is_again ? R"(,"again":true})" : "}"));
}

std::string to_body(const ImportJobChanged& changed) {
    return events::with_position(changed.position,
                                 R"({"detail":{"jobId":")" + changed.job_id + R"("}})");
}

std::string to_body(const Rebuild& rebuild) {
    return events::with_position(
        rebuild.position,
        R"({"rebuild":{"after":)" + std::to_string(catalog::number_of(rebuild.after)) + "}}");
}

}  // namespace larmor::index

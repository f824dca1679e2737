#include "api/json_request.h"

#include <simdjson.h>

#include <algorithm>

#include "http/media_type.h"

namespace larmor::api {

Result<void> check_is_json(const http::Request& request) {
    const auto type = http::parse_media_type(request.headers.get("Content-Type"));
    if (!type || type->essence() != "application/json") {
        return fail(ErrorCode::InvalidInput, "the body must be application/json");
    }
    return {};
}

Result<TextMembers> parse_text_members(std::string_view json,
                                       const std::vector<std::string_view>& names) {
    const auto wrong = [] {
        return fail(ErrorCode::InvalidInput, "the body is no JSON object of texts");
    };
    const simdjson::padded_string padded(json);
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
        document.get_object().get(object) != simdjson::SUCCESS) {
        return wrong();
    }
    TextMembers members;
    for (auto field : object) {
        std::string_view key;
        std::string_view value;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS) {
            return wrong();
        }
        std::string name(key);
        if (field.value().get_string().get(value) != simdjson::SUCCESS) {
            return wrong();
        }
        if (std::ranges::find(names, name) == names.end()) {
            return fail(ErrorCode::InvalidInput,
                        "the body has a member that is not known here");
        }
        if (!members.emplace(std::move(name), value).second) {
            return fail(ErrorCode::InvalidInput, "the body has a member twice");
        }
    }
    for (const auto name : names) {
        if (!members.contains(name)) {
            return fail(ErrorCode::InvalidInput,
                        "the body lacks the member " + std::string(name));
        }
    }
    return members;
}

}  // namespace larmor::api

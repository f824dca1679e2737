#include "api/json_request.h"

#include <simdjson.h>

#include <algorithm>

#include "api/problem.h"
#include "http/media_type.h"

namespace larmor::api {

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

http::Task<tl::expected<std::string, http::Response>> read_json_body(
    const http::Request& request, std::uint64_t max_bytes) {
    const auto type = http::parse_media_type(request.headers.get("Content-Type"));
    if (!type || type->essence() != "application/json") {
        const Error other{ErrorCode::InvalidInput, "the body must be application/json"};
        co_return tl::unexpected(problem(request, other, 415));
    }
    const auto reader = http::body_of(request);
    auto body = co_await http::read_whole_body(*reader, max_bytes);
    if (!body) {
        co_return tl::unexpected(problem(request, body.error()));
    }
    co_return *std::move(body);
}

http::Task<tl::expected<TextMembers, http::Response>> read_text_members(
    const http::Request& request, const std::vector<std::string_view>& names) {
    auto body = co_await read_json_body(request, kSmallJsonMaxBytes);
    if (!body) {
        co_return tl::unexpected(std::move(body).error());
    }
    auto members = parse_text_members(*body, names);
    if (!members) {
        co_return tl::unexpected(problem(request, members.error()));
    }
    co_return *std::move(members);
}

}  // namespace larmor::api

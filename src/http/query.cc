#include "http/query.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/percent.h"

namespace larmor::http {
namespace {

Result<std::string> decode(std::string_view text, std::size_t offset) {
    auto decoded = percent_decode(text, PlusIsSpace::Yes);
    if (!decoded) {
        return fail(decoded.error().code, "query parameter at byte " + std::to_string(offset) +
                                              ": " + decoded.error().message);
    }
    // %00 is refused by the decoder; a bare NUL would end a text for whoever takes it as one.
    if (decoded->find('\0') != std::string::npos) {
        return invalid_at(offset, "query parameter has a NUL");
    }
    if (!is_utf8(*decoded)) return invalid_at(offset, "query parameter is not UTF-8");
    return decoded;
}

}  // namespace

std::optional<std::string_view> Query::find(std::string_view name) const {
    for (const auto& [key, value] : parameters) {
        if (key == name) return value;
    }
    return std::nullopt;
}

std::vector<std::string_view> Query::all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : parameters) {
        if (key == name) values.emplace_back(value);
    }
    return values;
}

Result<Query> parse_query(std::string_view text, const QueryLimits& limits) {
    if (text.size() > limits.bytes_max) {
        return fail(ErrorCode::LimitExceeded,
                    "the query is longer than " + std::to_string(limits.bytes_max) + " bytes");
    }
    Query query;
    for (std::size_t offset = 0; offset < text.size();) {
        const auto end = std::min(text.find('&', offset), text.size());
        const auto item = text.substr(offset, end - offset);
        if (!item.empty()) {
            if (query.parameters.size() >= limits.parameters_max) {
                return fail(ErrorCode::LimitExceeded,
                            "the query has more than " + std::to_string(limits.parameters_max) +
                                " parameters");
            }
            const auto equals = std::min(item.find('='), item.size());
            TRY(std::string name, decode(item.substr(0, equals), offset));
            const auto value_at = std::min(equals + 1, item.size());
            TRY(std::string value, decode(item.substr(value_at), offset + value_at));
            query.parameters.emplace_back(std::move(name), std::move(value));
        }
        offset = end + 1;
    }
    return query;
}

}  // namespace larmor::http

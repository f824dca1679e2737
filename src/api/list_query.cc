#include "api/list_query.h"

#include <charconv>

namespace larmor::api {

Result<std::int64_t> parse_number(std::string_view name, std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0) {
        return fail(ErrorCode::InvalidInput, std::string(name) + " is a whole number");
    }
    return number;
}

Result<std::optional<std::int64_t>> number_in(const http::Query& query, std::string_view name) {
    const auto text = query.find(name);
    if (!text) return std::nullopt;
    TRY(const std::int64_t number, parse_number(name, *text));
    return number;
}

Result<std::size_t> limit_in(const http::Query& query, std::size_t listed,
                             std::size_t limit_max) {
    TRY(const auto limit, number_in(query, "limit"));
    if (!limit) return listed;
    if (*limit < 1 || static_cast<std::uint64_t>(*limit) > limit_max) {
        return fail(ErrorCode::InvalidInput,
                    "limit is a number from 1 to " + std::to_string(limit_max));
    }
    return static_cast<std::size_t>(*limit);
}

}  // namespace larmor::api

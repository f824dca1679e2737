#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/query.h"

namespace larmor::api {

// What a query says about the part of a list that is wanted: whole numbers, never negative.

/// Errors: InvalidInput, which names it, for what is no whole number.
Result<std::int64_t> parse_number(std::string_view name, std::string_view text);

/// A parameter of the query; nothing where it is absent. Errors: as parse_number.
Result<std::optional<std::int64_t>> number_in(const http::Query& query, std::string_view name);

/// How many entries: `limit`, or `listed` where the query says nothing. Errors: InvalidInput
/// below 1 and above `limit_max`.
Result<std::size_t> limit_in(const http::Query& query, std::size_t listed,
                             std::size_t limit_max);

}  // namespace larmor::api

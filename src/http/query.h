#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace larmor::http {

struct QueryLimits {
    std::size_t parameters_max = 256;
    std::size_t bytes_max = 16 * 1024;
};

/// The parameters of a query, decoded, in their order; a name may occur more than once.
struct Query {
    std::vector<std::pair<std::string, std::string>> parameters;

    /// The first value.
    std::optional<std::string_view> find(std::string_view name) const;
    std::vector<std::string_view> all(std::string_view name) const;
    bool has(std::string_view name) const { return find(name).has_value(); }
};

/// Parses `a=1&b=x%20y&flag` (application/x-www-form-urlencoded: `+` is a space; a parameter
/// without `=` has an empty value; empty ones between `&`s are skipped).
/// Errors: InvalidInput for a wrong escape, %00 or text that is not UTF-8, with the offset;
/// LimitExceeded.
Result<Query> parse_query(std::string_view text, const QueryLimits& limits = {});

}  // namespace larmor::http

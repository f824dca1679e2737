#include "db/postgres/sql_text.h"

#include <algorithm>
#include <charconv>

namespace larmor::db::postgres {
namespace {

/// Where what begins at `at` and is no part of the statement's own words ends: a text, a name
/// in quotes, a comment; `at` itself where there is none.
std::size_t end_of_literal(std::string_view sql, std::size_t at) {
    const char c = sql[at];
    if (c == '\'' || c == '"') {
        // A doubled quote ends one and begins the next: the same in the end.
        const auto close = sql.find(c, at + 1);
        return close == std::string_view::npos ? sql.size() : close + 1;
    }
    if (sql.substr(at, 2) == "--") {
        const auto line = sql.find('\n', at);
        return line == std::string_view::npos ? sql.size() : line;
    }
    return at;
}

}  // namespace

SqlText to_server_text(std::string_view sql) {
    SqlText out;
    out.text.reserve(sql.size());
    for (std::size_t at = 0; at < sql.size();) {
        if (const auto end = end_of_literal(sql, at); end != at) {
            out.text += sql.substr(at, end - at);
            at = end;
            continue;
        }
        int number = 0;
        const char* const digits = sql.data() + at + 1;
        const auto parsed = sql[at] == '?'
                                ? std::from_chars(digits, sql.data() + sql.size(), number)
                                : std::from_chars_result{digits, std::errc::invalid_argument};
        if (parsed.ec == std::errc()) {
            out.text += '$';
            out.text.append(digits, parsed.ptr);
            out.parameters = std::max(out.parameters, number);
            at = static_cast<std::size_t>(parsed.ptr - sql.data());
        } else {
            out.text += sql[at++];
        }
    }
    return out;
}

}  // namespace larmor::db::postgres

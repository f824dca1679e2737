#pragma once
#include <string>
#include <string_view>
#include <type_traits>

namespace larmor::index::mysql {

/// Appends `'text'` so that a session of ours (UTF-8, backslashes escape) reads the same.
void append_quoted(std::string& sql, std::string_view text);
/// Appends the text as a field of LOAD DATA.
void append_escaped(std::string& row, std::string_view text);
/// `'text'`, for keys, which are never cut: too long for its column, one is an error.
std::string in_quotes(std::string_view text);

/// `1, 2` or `'a', 'b'`: of numbers or texts, for IN. One that matches nothing where there are
/// none.
template <typename Range>
std::string list(const Range& range) {
    std::string sql;
    for (const auto& one : range) {
        if (!sql.empty()) sql += ", ";
        if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(one)>>) {
            sql += std::to_string(one);
        } else {
            append_quoted(sql, one);
        }
    }
    return sql.empty() ? "NULL" : sql;
}

}  // namespace larmor::index::mysql

#include "index/mysql/quote.h"

#include <array>

namespace larmor::index::mysql {
namespace {

/// What stands behind the backslash; 0 for a byte that needs none. None of these is a part of a
/// longer character in UTF-8.
constexpr std::array<char, 256> kEscapes = [] {
    std::array<char, 256> escapes{};
    escapes['\0'] = '0';
    escapes['\n'] = 'n';
    escapes['\r'] = 'r';
    escapes['\x1a'] = 'Z';
    escapes['\\'] = '\\';
    escapes['\''] = '\'';
    escapes['"'] = '"';
    return escapes;
}();
/// The same where a tab ends a field.
constexpr std::array<char, 256> kFieldEscapes = [] {
    auto escapes = kEscapes;
    escapes['\t'] = 't';
    return escapes;
}();

void append_with(const std::array<char, 256>& escapes, std::string& out,
                 std::string_view text) {
    std::size_t from = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char escape = escapes[static_cast<unsigned char>(text[i])];
        if (escape == 0) continue;
        out.append(text, from, i - from);
        out += '\\';
        out += escape;
        from = i + 1;
    }
    out.append(text, from);
}

}  // namespace

void append_quoted(std::string& sql, std::string_view text) {
    sql += '\'';
    append_with(kEscapes, sql, text);
    sql += '\'';
}

void append_escaped(std::string& row, std::string_view text) {
    append_with(kFieldEscapes, row, text);
}

std::string in_quotes(std::string_view text) {
    std::string sql;
    append_quoted(sql, text);
    return sql;
}

}  // namespace larmor::index::mysql

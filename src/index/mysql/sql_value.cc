#include "index/mysql/sql_value.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <string_view>

#include "index/mysql/quote.h"

namespace larmor::index::mysql {
namespace {

std::string_view first_of(std::string_view values) {
    values = values.substr(0, values.find('\\'));
    while (!values.empty() && values.back() == ' ') values.remove_suffix(1);
    while (!values.empty() && values.front() == ' ') values.remove_prefix(1);
    return values;
}

std::optional<int> digits(std::string_view text, std::size_t offset, std::size_t count) {
    if (offset + count > text.size()) return std::nullopt;
    int number = 0;
    for (const char c : text.substr(offset, count)) {
        if (c < '0' || c > '9') return std::nullopt;
        number = number * 10 + (c - '0');
    }
    return number;
}

std::string padded(int number, int width) {
    std::string text = std::to_string(number);
    return text.insert(0, static_cast<std::size_t>(width) - text.size(), '0');
}

/// YYYYMMDD, and YYYY.MM.DD of the ACR-NEMA standard.
std::optional<std::chrono::year_month_day> date_of(std::string_view text) {
    const bool has_dots = text.size() == 10 && text[4] == '.' && text[7] == '.';
    if (!has_dots && text.size() != 8) return std::nullopt;
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, has_dots ? 5 : 4, 2);
    const auto day = digits(text, has_dots ? 8 : 6, 2);
    if (!year || !month || !day || *year < 1) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok()) return std::nullopt;
    return date;
}

std::string text_of(std::chrono::year_month_day date) {
    return padded(static_cast<int>(date.year()), 4) + "-" +
           padded(static_cast<int>(static_cast<unsigned>(date.month())), 2) + "-" +
           padded(static_cast<int>(static_cast<unsigned>(date.day())), 2);
}

/// HH, HHMM, HHMMSS or HHMMSS.F to .FFFFFF.
std::optional<std::chrono::microseconds> time_of(std::string_view text) {
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    if (whole.size() != 2 && whole.size() != 4 && whole.size() != 6) return std::nullopt;
    const auto hours = digits(whole, 0, 2);
    const auto minutes = whole.size() > 2 ? digits(whole, 2, 2) : 0;
    const auto seconds = whole.size() > 4 ? digits(whole, 4, 2) : 0;
    // 60 is a leap second, which no column can hold.
    if (!hours || !minutes || !seconds || *hours > 23 || *minutes > 59 || *seconds > 59) {
        return std::nullopt;
    }
    int fraction = 0;
    if (point != std::string_view::npos) {
        std::string six(text.substr(point + 1));
        if (whole.size() != 6 || six.empty() || six.size() > 6) return std::nullopt;
        six.resize(6, '0');
        const auto read = digits(six, 0, 6);
        if (!read) return std::nullopt;
        fraction = *read;
    }
    return std::chrono::hours(*hours) + std::chrono::minutes(*minutes) +
           std::chrono::seconds(*seconds) + std::chrono::microseconds(fraction);
}

std::string text_of(std::chrono::microseconds time) {
    const auto count = time.count();
    const auto part = [&](std::int64_t divisor, std::int64_t modulus, int width) {
        return padded(static_cast<int>(count / divisor % modulus), width);
    };
    std::string text = part(3'600'000'000, 24, 2) + ":" + part(60'000'000, 60, 2) + ":" +
                       part(1'000'000, 60, 2);
    if (count % 1'000'000 != 0) text += "." + part(1, 1'000'000, 6);
    return text;
}

std::optional<std::string> moment_text(std::string_view text) {
    std::chrono::minutes offset{0};
    if (const auto sign = text.find_first_of("+-", 8); sign != std::string_view::npos) {
        const auto hours = digits(text, sign + 1, 2);
        const auto minutes = digits(text, sign + 3, 2);
        if (!hours || !minutes || text.size() != sign + 5) return std::nullopt;
        offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
        if (text[sign] == '-') offset = -offset;
        text = text.substr(0, sign);
    }
    const auto date = date_of(text.substr(0, std::min<std::size_t>(8, text.size())));
    if (!date) return std::nullopt;
    std::chrono::microseconds time{0};
    if (text.size() > 8) {
        const auto read = time_of(text.substr(8));
        if (!read) return std::nullopt;
        time = *read;
    }
    const auto moment = std::chrono::sys_days(*date) + time - offset;
    return date_time_text(moment);
}

std::optional<std::string> integer_text(const Column& column, std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (number < column.integer_min || number > column.integer_max) return std::nullopt;
    return std::to_string(number);
}

std::optional<std::string> decimal_text(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
        return std::nullopt;
    }
    return std::string(text);
}

std::string cut(const std::string& text, std::uint64_t characters_max) {
    if (text.size() <= characters_max) return text;
    std::uint64_t characters = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool begins_one = (static_cast<unsigned char>(text[i]) & 0xc0U) != 0x80U;
        if (begins_one && characters++ == characters_max) return text.substr(0, i);
    }
    return text;
}

}  // namespace

std::string date_time_text(Time time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    return text_of(std::chrono::year_month_day(day)) + " " + text_of(time - day);
}

std::optional<std::string> column_text(const Column& column, const std::string& value) {
    const auto first = first_of(value);
    switch (column.kind) {
        case ColumnKind::Text:
            return cut(value, column.characters_max);
        case ColumnKind::Integer:
            return integer_text(column, first);
        case ColumnKind::Decimal:
            return decimal_text(first);
        case ColumnKind::Date: {
            const auto date = date_of(first);
            return date ? std::optional(text_of(*date)) : std::nullopt;
        }
        case ColumnKind::Time: {
            const auto time = time_of(first);
            return time ? std::optional(text_of(*time)) : std::nullopt;
        }
        case ColumnKind::DateTime:
            return moment_text(first);
    }
    return std::nullopt;
}

namespace {

/// `append` with the text of the value, or `null`.
template <typename Append>
void append_text(std::string& out, const Column& column,
                 const std::optional<std::string>& value, Append append,
                 std::string_view null) {
    // Most are text that fits as it is.
    if (value && column.kind == ColumnKind::Text && value->size() <= column.characters_max) {
        append(out, *value);
        return;
    }
    const auto text = value ? column_text(column, *value) : std::nullopt;
    if (text) {
        append(out, *text);
    } else {
        out += null;
    }
}

}  // namespace

void append_value(std::string& sql, const Column& column,
                  const std::optional<std::string>& value) {
    append_text(sql, column, value, append_quoted, "NULL");
}

void append_field(std::string& row, const Column& column,
                  const std::optional<std::string>& value) {
    append_text(row, column, value, append_escaped, "\\N");
}

}  // namespace larmor::index::mysql

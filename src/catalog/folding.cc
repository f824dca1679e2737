#include "catalog/folding.h"

#include <unicode/ucasemap.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>

namespace larmor::catalog {
namespace {

bool all_digits(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text,
                               [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string fold_case(std::string_view text) {
    std::string folded(text);
    if (is_ascii(text)) {
        for (char& c : folded) {
            if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        }
        return folded;
    }
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<UCaseMap, decltype(&ucasemap_close)> map(
        ucasemap_open("", U_FOLD_CASE_DEFAULT, &status), &ucasemap_close);
    if (U_FAILURE(status)) return folded;
    // Folding makes a text at most three times as long.
    folded.resize(text.size() * 3 + 1);
    const auto size =
        ucasemap_utf8FoldCase(map.get(), folded.data(), static_cast<int>(folded.size()),
                              text.data(), static_cast<int>(text.size()), &status);
    if (U_FAILURE(status)) return std::string(text);
    folded.resize(static_cast<std::size_t>(size));
    return folded;
}

/// A time without colons, if it is one: HH[MM[SS[.F]]].
std::string digits_of_time(std::string_view time) {
    std::string plain(time);
    std::erase(plain, ':');
    const auto dot = plain.find('.');
    const auto whole = std::string_view(plain).substr(0, dot);
    const auto fraction =
        dot == std::string::npos ? std::string_view() : std::string_view(plain).substr(dot + 1);
    const bool good = (whole.size() == 2 || whole.size() == 4 || whole.size() == 6) &&
                      all_digits(whole) && all_digits(fraction) && fraction.size() <= 6 &&
                      (dot == std::string::npos || (whole.size() == 6 && !fraction.empty()));
    // 60 is a leap second.
    if (!good || whole.substr(0, 2) > "23" ||
        (whole.size() >= 4 && whole.substr(2, 2) > "59") ||
        (whole.size() == 6 && whole.substr(4, 2) > "60")) {
        return {};
    }
    return plain;
}

}  // namespace

std::string fold_name(std::string_view name) {
    std::string folded;
    for (;;) {
        const auto equals = name.find('=');
        auto group = name.substr(0, equals);
        while (!group.empty() && (group.back() == '^' || group.back() == ' ')) {
            group.remove_suffix(1);
        }
        folded += fold_case(group);
        if (equals == std::string_view::npos) break;
        folded += '=';
        name.remove_prefix(equals + 1);
    }
    while (!folded.empty() && folded.back() == '=') folded.pop_back();
    return folded;
}

std::string time_key(std::string_view time) {
    std::string key = digits_of_time(time);
    if (key.empty()) return key;
    constexpr std::string_view kFill = "000000.000000";
    key += kFill.substr(key.size());
    return key;
}

std::string time_key_last(std::string_view time) {
    std::string key = digits_of_time(time);
    if (key.empty()) return key;
    constexpr std::string_view kFill = "235960.999999";
    key += kFill.substr(key.size());
    return key;
}

std::string plain_date(std::string_view date) {
    if (date.size() == 10 && date[4] == '.' && date[7] == '.') {
        return std::string(date.substr(0, 4)) + std::string(date.substr(5, 2)) +
               std::string(date.substr(8, 2));
    }
    return std::string(date);
}

bool is_date(std::string_view date) {
    if (date.size() != 8 || !all_digits(date)) return false;
    const auto number = [&](std::size_t at, std::size_t count) {
        int value = 0;
        std::from_chars(date.data() + at, date.data() + at + count, value);
        return value;
    };
    return std::chrono::year_month_day(std::chrono::year(number(0, 4)),
                                       std::chrono::month(static_cast<unsigned>(number(4, 2))),
                                       std::chrono::day(static_cast<unsigned>(number(6, 2))))
        .ok();
}

}  // namespace larmor::catalog

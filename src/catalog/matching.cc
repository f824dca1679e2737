#include <algorithm>
#include <charconv>

#include "base/ids.h"
#include "catalog/folding.h"
#include "catalog/name_words.h"
#include "catalog/query.h"

namespace larmor::catalog {
namespace {

constexpr std::size_t kListMax = 1000;
constexpr std::size_t kWordsMax = 16;

tl::unexpected<Error> wrong(Attribute attribute, std::string_view what) {
    return fail(ErrorCode::InvalidInput,
                std::string(info_of(attribute).keyword) + ": " + std::string(what));
}

std::vector<std::string_view> split(std::string_view list, std::string_view separators) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto at = list.find_first_of(separators);
        parts.push_back(list.substr(0, at));
        if (at == std::string_view::npos) return parts;
        list.remove_prefix(at + 1);
    }
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

bool has_wildcard(std::string_view value) {
    return value.find_first_of("*?") != std::string_view::npos;
}

Result<Condition> uid_list(Attribute attribute, std::string_view value) {
    Condition condition{.attribute = attribute, .kind = Condition::Kind::Exact};
    for (const auto part : split(value, ",\\")) {
        const auto uid = trim(part);
        if (uid.empty()) continue;
        if (!is_uid_key_part(uid)) return wrong(attribute, "not a UID");
        condition.values.emplace_back(uid);
        if (condition.values.size() > kListMax) {
            return wrong(attribute, "more than " + std::to_string(kListMax) + " UIDs");
        }
    }
    if (condition.values.empty()) return wrong(attribute, "an empty list");
    return condition;
}

Result<Condition> number_list(Attribute attribute, std::string_view value) {
    Condition condition{.attribute = attribute, .kind = Condition::Kind::Number};
    for (const auto part : split(value, ",\\")) {
        auto digits = trim(part);
        if (digits.starts_with('+')) digits.remove_prefix(1);
        std::int64_t number = 0;
        const char* const begin = digits.data();
        const char* const end = begin + digits.size();
        const auto parsed = std::from_chars(begin, end, number);
        if (parsed.ec != std::errc() || parsed.ptr != end) {
            return wrong(attribute, "not a whole number");
        }
        condition.numbers.push_back(number);
        if (condition.numbers.size() > kListMax) return wrong(attribute, "too long a list");
    }
    return condition;
}

/// How dates and times are read: `first` as the start of a range, `last` as its end; both give
/// an empty text for what is none.
struct Reading {
    std::string (*first)(std::string_view text);
    std::string (*last)(std::string_view text);
    std::string_view form;
};
std::string date_of(std::string_view text) {
    std::string date = plain_date(text);
    return is_date(date) ? date : std::string();
}
constexpr Reading kDates{date_of, date_of, "not a date of the form YYYYMMDD"};
constexpr Reading kTimes{time_key, time_key_last, "not a time of the form HHMMSS.FFFFFF"};

/// One value, or `from-to` with either end left out. A single date is an exact match, a single
/// time everything that begins so.
Result<Condition> value_or_range(Attribute attribute, std::string_view value,
                                 const Reading& reading) {
    const auto dash = value.find('-');
    const bool is_range = dash != std::string_view::npos;
    const auto first = trim(value.substr(0, dash));
    const auto last = is_range ? trim(value.substr(dash + 1)) : first;
    if (first.empty() && last.empty()) return wrong(attribute, "an empty range");
    Condition condition{.attribute = attribute, .kind = Condition::Kind::Range};
    condition.from = reading.first(first);
    condition.to = reading.last(last);
    if (condition.from.empty() != first.empty() || condition.to.empty() != last.empty()) {
        return wrong(attribute, reading.form);
    }
    if (is_range) return condition;
    condition.kind = Condition::Kind::Begins;
    if (condition.from == condition.to) {
        condition.kind = Condition::Kind::Exact;
        condition.values = {std::exchange(condition.from, {})};
        condition.to.clear();
    }
    return condition;
}

/// Nothing where the value has no word: `^*` says no more than `*`.
Result<std::optional<Condition>> words_of(Attribute attribute, std::string_view value) {
    Condition condition{.attribute = attribute, .kind = Condition::Kind::Words};
    condition.values = name_words(value);
    // A word stands for all that begin so.
    for (std::string& word : condition.values) {
        while (word.ends_with('*')) word.pop_back();
    }
    std::erase(condition.values, std::string());
    if (condition.values.size() > kWordsMax) {
        return wrong(attribute, "more than " + std::to_string(kWordsMax) + " words");
    }
    if (condition.values.empty()) return std::nullopt;
    return condition;
}

}  // namespace

Result<std::optional<Condition>> parse_condition(Attribute attribute, std::string_view value,
                                                 MatchingOptions options) {
    value = trim(value);
    const bool universal = value.find_first_not_of('*') == std::string_view::npos;
    const auto matching = info_of(attribute).matching;
    if (matching == Matching::None) {
        return fail(ErrorCode::Unsupported,
                    std::string(info_of(attribute).keyword) + " is not matched");
    }
    if (universal) return std::nullopt;
    if (options.empty_values && value == R"("")") {
        return Condition{.attribute = attribute, .kind = Condition::Kind::Empty};
    }
    if (matching == Matching::Name && options.fuzzy_names) {
        return words_of(attribute, value);
    }
    switch (matching) {
        case Matching::Uid:
            return uid_list(attribute, value);
        case Matching::Integer:
            return number_list(attribute, value);
        case Matching::Date:
            return value_or_range(attribute, value, kDates);
        case Matching::Time:
            return value_or_range(attribute, value, kTimes);
        case Matching::Modalities:
        case Matching::Text:
        case Matching::Name:
        case Matching::None:
            break;
    }
    Condition condition{.attribute = attribute};
    if (has_wildcard(value)) {
        condition.kind = Condition::Kind::Wildcard;
        condition.values.emplace_back(value);
    } else if (matching == Matching::Modalities || info_of(attribute).vr == "CS") {
        // A code string has no comma: a list of them is any of these, as clients ask for.
        for (const auto part : split(value, ",\\")) {
            if (!trim(part).empty()) condition.values.emplace_back(trim(part));
        }
        if (condition.values.empty()) return wrong(attribute, "an empty list");
        if (condition.values.size() > kListMax) return wrong(attribute, "too long a list");
    } else {
        condition.values.emplace_back(value);
    }
    if (matching == Matching::Name) condition.values[0] = fold_name(condition.values[0]);
    return condition;
}

}  // namespace larmor::catalog

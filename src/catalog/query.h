#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/attribute.h"
#include "catalog/records.h"

namespace larmor::catalog {

/// One attribute and the value that it must match, parsed and checked.
struct Condition {
    enum class Kind : std::uint8_t {
        Exact,     ///< any of `values`
        Wildcard,  ///< `values[0]` with * and ?
        Range,     ///< from..to, inclusive; either may be empty
        Begins,    ///< from..to: what begins like one shortened time
        Number,    ///< any of `numbers`
        Empty,     ///< an absent or empty attribute
        Words,     ///< a name with words that begin like each of `values`, in any order
    };
    Attribute attribute;
    Kind kind = Kind::Exact;
    std::vector<std::string> values{};
    std::vector<std::int64_t> numbers{};
    std::string from{};
    std::string to{};
};

/// What a request may switch on. Source: PS3.18 sections 8.3.4.2 and 8.3.4.5.
struct MatchingOptions {
    /// Names by the beginnings of words of any component and group: see name_words.h.
    bool fuzzy_names = false;
    /// Two quotation marks match what is empty.
    bool empty_values = false;
};

/// Reads a matching key's value as QIDO-RS and C-FIND write it (PS3.4 section C.2.2.2). Nothing
/// for universal matching: an empty value, or `*` alone. In a list of UIDs the separator is `,`
/// or `\`. Errors: InvalidInput (a date, time, UID or number that is none, with the keyword;
/// more than 1,000 UIDs), Unsupported (an attribute that is not matched).
Result<std::optional<Condition>> parse_condition(Attribute attribute, std::string_view value,
                                                 MatchingOptions options = {});

/// What to look for. Conditions at a higher level than the search apply to the parents.
struct SearchQuery {
    std::vector<Condition> conditions;  ///< all must hold; levels up to the search's own
    std::optional<StudyRow> study;      ///< only in this study
    std::optional<SeriesRow> series;    ///< only in this series
    /// A range of dates and one of times of the same event, both of the same form (`a-b`, `a-`
    /// or
    /// `-b`), are one range of moments: from the first date's first time to the last date's
    /// last time, not these hours of every day. PS3.18 section 8.3.4.1.1 wants it, C-FIND where
    /// it was negotiated (PS3.4 section C.2.2.2.5).
    bool combine_dates_and_times = false;
    std::size_t limit = 100;
    std::size_t offset = 0;
};

/// A page of results in a stable order; `more` says that the next page is not empty.
template <typename T>
struct Page {
    std::vector<T> items;
    bool more = false;
};

struct SeriesHit {
    StoredSeries series;
    StoredStudy study;
};
struct InstanceHit {
    StoredInstance instance;
    StoredSeries series;
    StoredStudy study;
};

}  // namespace larmor::catalog

#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "index/search/field.h"

namespace larmor::index::search {

// Limits of one query. More is an error that names the member.
inline constexpr std::size_t kWordsMax = 16;
inline constexpr std::size_t kWordBytesMax = 128;
inline constexpr std::size_t kFiltersMax = 32;
inline constexpr std::size_t kFilterValuesMax = 1000;
inline constexpr std::size_t kFacetsMax = 8;
inline constexpr std::size_t kFacetValuesMax = 100;
inline constexpr std::size_t kSortsMax = 4;
inline constexpr std::size_t kLimitMax = 1000;
/// Of `offset` and `limit` together: the window of OpenSearch.
inline constexpr std::size_t kWindowMax = 10'000;
inline constexpr std::size_t kTotalUpToMax = 100'000;

/// Any of the values, as they are; of names: words, which all must be part of it.
struct Filter {
    const Field* field = nullptr;
    std::vector<std::string> values;
};
/// From..to, both included; either may be missing.
struct Range {
    const Field* field = nullptr;
    std::optional<std::string> from;
    std::optional<std::string> to;
};
struct Sort {
    const Field* field = nullptr;
    bool is_descending = false;
};

/// What POST /v1/search asks. Conditions on attributes of a series hold for a study when one
/// series of it meets all of them, with the words of the text. All fields are of the level or
/// above, but for filters and ranges.
struct Query {
    Level level = Level::Study;      ///< Study, Series or Instance
    std::vector<std::string> words;  ///< folded; each begins a word, or is any part of a name
    std::vector<Filter> filters;
    std::vector<Range> ranges;
    std::vector<std::pair<const Field*, std::size_t>> facets;  ///< with how many values
    std::vector<Sort> sort;  ///< empty: newest study first; what is equal is ordered by UID
    std::size_t limit = 25;
    std::size_t offset = 0;
    std::size_t total_up_to = 1000;  ///< hits are counted up to here
    bool highlight = false;
};

struct Hit {
    /// As the store has them: of the level and those above it, absent ones left out.
    std::vector<std::pair<const Field*, std::string>> values;
    std::vector<std::string> modalities;  ///< of a study
    std::int64_t series = 0;              ///< of a study
    std::int64_t instances = 0;           ///< of a study or series
    std::string image_set_id;             ///< of a series or instance
};
struct FacetValue {
    std::string value;
    std::int64_t count = 0;  ///< hits of the level that have it
};
struct Answer {
    std::size_t total = 0;
    bool total_is_exact = true;  ///< false: there are more
    std::vector<Hit> hits;
    std::vector<std::vector<FacetValue>> facets;  ///< as asked for; most frequent first
};

}  // namespace larmor::index::search

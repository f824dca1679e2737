#pragma once
#include <vector>

#include "index/search/embedded/matching.h"

namespace larmor::index::search::embedded {

/// Up to so many studies and image sets are listed: the rest of a search then looks at these.
inline constexpr std::size_t kListedStudiesMax = 500;
inline constexpr std::size_t kListedSetsMax = 2000;
/// The same of rows that were found by looking through image sets, among which they are not
/// rare then: a page is walked to sooner than the rest is listed.
inline constexpr std::size_t kListedScannedMax = 500;

/// How much matches, and what, where that is little.
struct Found {
    struct Set {
        std::int64_t study = 0;
        std::int64_t id = 0;
        friend auto operator<=>(const Set&, const Set&) = default;
    };
    std::size_t total = 0;       ///< of hits, up to where they are counted
    bool total_is_exact = true;  ///< false: there are more
    bool is_listed = true;       ///< all that matches is in the lists
    /// As far as matches were counted, at least every fourth image set is one.
    bool is_dense = false;
    std::vector<std::int64_t> studies;
    std::vector<Set> sets;  ///< by study; none where Matching::is_of_studies
};

/// Counts, and lists what matches unless it is much. Errors: those of the database.
Result<Found> find_matches(db::Snapshot& snapshot, const Query& query,
                           const Matching& matching);

}  // namespace larmor::index::search::embedded

#pragma once
#include "index/search/embedded/found.h"

namespace larmor::index::search::embedded {

/// The values of each facet that the query asks for, most frequent first. Errors: those of the
/// database.
Result<std::vector<std::vector<FacetValue>>> count_facets(db::Snapshot& snapshot,
                                                          const Query& query,
                                                          const Matching& matching,
                                                          const Found& found);

}  // namespace larmor::index::search::embedded

#pragma once
#include "index/search/embedded/found.h"

namespace larmor::index::search::embedded {

/// A page of instances. Where image sets decide the order they are walked along, and only the
/// instances of the page are read. Errors: those of the database.
Result<std::vector<Hit>> read_instance_hits(db::Snapshot& snapshot, const Query& query,
                                            const Matching& matching, const Found& found);

}  // namespace larmor::index::search::embedded

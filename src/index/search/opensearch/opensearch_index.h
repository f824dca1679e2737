#pragma once
#include <memory>

#include "index/search/opensearch/address.h"
#include "index/search/search_index.h"

namespace larmor::index::search::opensearch {

/// Searches in an OpenSearch cluster, by its REST API. Nothing is connected before it is
/// needed; index template and index are made then.
std::unique_ptr<SearchIndex> make_opensearch_index(Address address,
                                                   Levels levels = Levels::all());

}  // namespace larmor::index::search::opensearch

#pragma once
#include "index/search/opensearch/requester.h"
#include "index/search/query.h"

namespace larmor::index::search::opensearch {

/// Answers a query of level Instance. The engine gives documents, with all their instances, in
/// the order of their first ones; they are read until none behind can have a hit of the page.
/// What changes meanwhile may be in the answer before or after its change, never twice. Errors:
/// those of Requester::expect; Unavailable where the engine's answer is none.
Result<Answer> search_instances(Requester& requester, const Query& query);

}  // namespace larmor::index::search::opensearch

#pragma once
#include "index/search/opensearch/requester.h"

namespace larmor::index::search::opensearch {

/// Makes the index template, and the index behind the alias where it is missing. An index of
/// another version of our mapping is copied into a new one, with the versions of its documents,
/// and the alias is moved when that is done. May be called again and again, and by several
/// processes. Errors: those of Requester::expect; Conflict where the alias has several indices.
Result<void> set_up(Requester& requester);

}  // namespace larmor::index::search::opensearch

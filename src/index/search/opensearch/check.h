#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/search/opensearch/bulk.h"
#include "index/search/opensearch/requester.h"
#include "index/target.h"

namespace larmor::index::search::opensearch {

// The engine makes no digests of documents: they are read as they are stored, and compared as a
// whole. Errors: those of Requester::expect.

/// UIDs of studies that documents name, behind `after`, rising by bytes.
Result<std::vector<std::string>> list_studies(Requester& requester, std::string_view after,
                                              std::size_t limit);

/// Compares the documents of these studies with those that should be there.
Result<std::vector<Drift>> compare(Requester& requester,
                                   std::span<const StudyDocuments> studies);

/// Writes the documents of the study, whatever is there; those that should not be there become
/// tombstones, those that are none of ours go. Document by document: the engine has no
/// transactions. Older, and nothing done: a document is of later than the study.
Result<Target::Applied> repair(Requester& requester, Bulk& bulk, const StudyDocuments& study);

}  // namespace larmor::index::search::opensearch

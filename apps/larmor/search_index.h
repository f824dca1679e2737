#pragma once
#include <filesystem>
#include <memory>

#include "index/search/search_index.h"
#include "larmor/serve_request.h"
#include "library/index_work.h"

namespace larmor {

/// What `--index-search` names; null where it names nothing. Errors: InvalidInput, and for a
/// worker too where the index is a file of the process that serves; those of opening the file.
Result<std::shared_ptr<index::search::SearchIndex>> open_search_index(
    const ServeRequest& request, const std::filesystem::path& library);

/// Starts what keeps it equal to the catalog, where that is this process's work, with a
/// rebuild where the index was made anew. Null otherwise.
Result<std::unique_ptr<IndexWork>> start_search_work(
    const ServeRequest& request, Core& core,
    const std::shared_ptr<index::search::SearchIndex>& search);

}  // namespace larmor

#pragma once
#include <filesystem>
#include <memory>
#include <vector>

#include "index/search/search_index.h"
#include "index/targets.h"
#include "larmor/serve_request.h"
#include "library/index_work.h"

namespace larmor {

/// The targets of the index that this process was told of.
struct IndexTargets {
    index::Targets all;
    std::shared_ptr<index::search::SearchIndex> search;  ///< one of them; null: there is none
};

/// What the options `--index-...` name. Nothing is connected yet. Errors: InvalidInput,
/// Unsupported where DuckDB is missing for a lake, those of opening files.
Result<IndexTargets> open_index_targets(const ServeRequest& request,
                                        const std::filesystem::path& library);

using IndexWorks = std::vector<std::unique_ptr<IndexWork>>;

/// Starts what keeps them equal to the catalog, as far as that is this process's work.
Result<IndexWorks> start_index(const ServeRequest& request, Core& core,
                               const IndexTargets& targets);

}  // namespace larmor

#include "larmor/search_index.h"

#include <cstdlib>

#include "api/index_acts.h"
#include "index/search/embedded/embedded_index.h"
#include "index/search/opensearch/opensearch_index.h"

namespace larmor {
namespace {

constexpr const char* kName = "search";
constexpr const char* kEmbedded = "embedded";

}  // namespace

Result<std::shared_ptr<index::search::SearchIndex>> open_search_index(
    const ServeRequest& request, const std::filesystem::path& library) {
    if (request.index_search.empty()) return nullptr;
    if (request.index_search == kEmbedded) {
        if (request.role == "worker") {
            return fail(ErrorCode::InvalidInput,
                        "--index-search embedded is of the process that serves: leave it out "
                        "for workers, which have no part in it");
        }
        return index::search::embedded::open_embedded_index(library / "search.sqlite");
    }
    auto address = index::search::opensearch::parse_address(request.index_search);
    if (!address) {
        return fail(
            ErrorCode::InvalidInput,
            "--index-search is neither embedded nor an address: " + address.error().message);
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets the environment.
    if (const char* const password = std::getenv("LARMOR_INDEX_SEARCH_PASSWORD")) {
        address->password = password;
    }
    return index::search::opensearch::make_opensearch_index(*std::move(address));
}

Result<std::unique_ptr<IndexWork>> start_search_work(
    const ServeRequest& request, Core& core,
    const std::shared_ptr<index::search::SearchIndex>& search) {
    const bool is_ours = request.role != "server" || request.index_search == kEmbedded;
    if (!search || request.read_only || !is_ours) return nullptr;
    TRY(auto work,
        IndexWork::start(
            core, search,
            {.name = kName, .batch_max = 40, .concurrency_max = request.index_concurrency}));
    TRY(const bool needs_rebuild, search->needs_rebuild());
    if (needs_rebuild) {
        TRY_VOID(api::rebuild_index(core.database(), core.queues(), kName));
        TRY_VOID(search->note_rebuild());
    }
    return work;
}

}  // namespace larmor

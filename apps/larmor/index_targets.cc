#include "larmor/index_targets.h"

#include <cstdlib>
#include <string_view>

#include "api/index_acts.h"
#include "index/lake/lake_target.h"
#include "index/levels.h"
#include "index/mysql/mysql_target.h"
#include "index/search/embedded/embedded_index.h"
#include "index/search/opensearch/opensearch_index.h"

namespace larmor {
namespace {

constexpr const char* kSearch = "search";
constexpr const char* kEmbedded = "embedded";

/// Empty where it is not set.
std::string password_in(const char* variable) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets the environment.
    const char* const password = std::getenv(variable);
    return password == nullptr ? std::string() : password;
}

bool works_on_queues(const ServeRequest& request) {
    return !request.read_only && request.role != "server";
}

Result<std::shared_ptr<index::Target>> open_mysql(const ServeRequest& request) {
    TRY(auto connection, index::mysql::parse_mysql_url(request.index_mysql));
    if (auto password = password_in("LARMOR_INDEX_MYSQL_PASSWORD"); !password.empty()) {
        connection.password = std::move(password);
    }
    TRY(const auto levels, index::Levels::parse(request.index_mysql_levels));
    index::mysql::MysqlTargetOptions options{.connection = std::move(connection),
                                             .levels = levels};
    // Who makes documents, who writes them, and who checks.
    options.connections_max = request.index_concurrency + options.batch.threads + 1;
    return index::mysql::make_mysql_target(std::move(options));
}

Result<std::shared_ptr<index::search::SearchIndex>> open_search(
    const ServeRequest& request, const std::filesystem::path& library) {
    TRY(const auto levels, index::Levels::parse(request.index_search_levels));
    if (request.index_search == kEmbedded) {
        if (request.role == "worker") {
            return fail(ErrorCode::InvalidInput,
                        "--index-search embedded is of the process that serves: leave it out "
                        "for workers, which have no part in it");
        }
        return index::search::embedded::open_embedded_index(library / "search.sqlite", levels);
    }
    auto address = index::search::opensearch::parse_address(request.index_search);
    if (!address) {
        return fail(
            ErrorCode::InvalidInput,
            "--index-search is neither embedded nor an address: " + address.error().message);
    }
    if (auto password = password_in("LARMOR_INDEX_SEARCH_PASSWORD"); !password.empty()) {
        address->password = std::move(password);
    }
    return index::search::opensearch::make_opensearch_index(*std::move(address), levels);
}

/// One that was made anew is filled.
Result<void> fill_if_new(Core& core, const IndexTargets& targets) {
    TRY(const bool needs_rebuild, targets.search->needs_rebuild());
    if (!needs_rebuild) return {};
    TRY_VOID(api::rebuild_index({core.database(), core.queues(), targets.all}, kSearch));
    return targets.search->note_rebuild();
}

}  // namespace

Result<IndexTargets> open_index_targets(const ServeRequest& request,
                                        const std::filesystem::path& library) {
    IndexTargets targets;
    if (!request.index_mysql.empty()) {
        TRY(targets.all["mysql"], open_mysql(request));
    }
    // Nobody but who writes it needs DuckDB.
    if (!request.index_lake.empty() && works_on_queues(request)) {
        TRY(const auto levels, index::Levels::parse(request.index_lake_levels));
        TRY(targets.all["lake"], index::lake::open_lake({.place = request.index_lake,
                                                         .scratch = library / "lake-scratch",
                                                         .levels = levels}));
    }
    if (!request.index_search.empty()) {
        TRY(targets.search, open_search(request, library));
        targets.all[kSearch] = targets.search;
    }
    return targets;
}

Result<IndexWorks> start_index(const ServeRequest& request, Core& core,
                               const IndexTargets& targets) {
    IndexWorks works;
    if (request.read_only) return works;
    for (const auto& [name, target] : targets.all) {
        // The file of an embedded one is this process's alone.
        const bool is_file = name == kSearch && request.index_search == kEmbedded;
        if (!is_file && !works_on_queues(request)) continue;
        TRY(auto work, IndexWork::start(core, target,
                                        {.name = name,
                                         .batch_max = request.index_batch,
                                         .concurrency_max = request.index_concurrency}));
        works.push_back(std::move(work));
        if (name == kSearch) TRY_VOID(fill_if_new(core, targets));
    }
    if (works_on_queues(request)) IndexWork::warn_of_others(core, targets.all);
    return works;
}

}  // namespace larmor

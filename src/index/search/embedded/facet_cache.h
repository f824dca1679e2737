#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "index/search/query.h"

namespace larmor::index::search::embedded {

/// Facets of queries that much matches, until the next change: those of everything, which a
/// page shows first, are asked for again and again. Safe from any thread.
class FacetCache {
public:
    using Facets = std::vector<std::vector<FacetValue>>;

    /// Counts changes. Taken before the snapshot that facets are counted in: what is kept under
    /// it is never older than what it counts.
    std::uint64_t changes() const { return changes_; }
    /// After a change is committed and before anyone is told of it.
    void note_change() { ++changes_; }

    std::optional<Facets> find(const Query& query, std::uint64_t changes) const;
    void keep(const Query& query, std::uint64_t changes, const Facets& facets);

private:
    std::atomic<std::uint64_t> changes_ = 0;
    mutable std::mutex mutex_;
    std::uint64_t kept_at_ = 0;
    std::map<std::string, Facets> kept_;  ///< by what is asked, a page apart
};

}  // namespace larmor::index::search::embedded

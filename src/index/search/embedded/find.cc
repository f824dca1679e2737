#include "index/search/embedded/find.h"

#include "index/search/embedded/facets.h"
#include "index/search/embedded/hits.h"
#include "index/search/embedded/instance_hits.h"

namespace larmor::index::search::embedded {
namespace {

/// Whether few kinds of instances meet the conditions on instances.
Result<bool> match_few_kinds(db::Snapshot& snapshot, const Query& query) {
    Clause clause;
    clause.sql = "SELECT count(*) FROM (SELECT 1 FROM instance_kinds k WHERE 1";
    append_indexed_kind_conditions(clause, query);
    clause.sql += " LIMIT " + std::to_string(kListedStudiesMax + 1) + ")";
    TRY(db::Query rows, clause.prepare(snapshot));
    TRY_VOID(rows.next());
    return rows.int64(0) <= static_cast<std::int64_t>(kListedStudiesMax);
}

}  // namespace

Result<Answer> find(db::Snapshot& snapshot, const Query& query, FacetCache& cache,
                    std::uint64_t changes) {
    Matching matching(query);
    if (matching.asks_instances() && !has_sop_instance_uid(query)) {
        TRY(const bool few, match_few_kinds(snapshot, query));
        if (few) matching.look_at_kinds_first();
    }
    TRY(const Found found, find_matches(snapshot, query, matching));
    Answer answer;
    answer.total = found.total;
    answer.total_is_exact = found.total_is_exact;
    if (query.limit > 0 && found.total > 0) {
        TRY(answer.hits, query.level == Level::Instance
                             ? read_instance_hits(snapshot, query, matching, found)
                             : read_hits(snapshot, query, matching, found));
    }
    if (query.facets.empty()) return answer;
    if (auto kept = found.is_listed ? std::nullopt : cache.find(query, changes)) {
        answer.facets = *std::move(kept);
        return answer;
    }
    TRY(answer.facets, count_facets(snapshot, query, matching, found));
    if (!found.is_listed) cache.keep(query, changes, answer.facets);
    return answer;
}

}  // namespace larmor::index::search::embedded

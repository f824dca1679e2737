#include "index/search/embedded/found.h"

#include <algorithm>
#include <cstdint>
#include <unordered_set>

namespace larmor::index::search::embedded {
namespace {

/// Rows of a study, an image set and a number of hits of the level.
void append_matches(Clause& clause, const Query& query, const Matching& matching) {
    if (query.level == Level::Study && matching.is_of_studies()) {
        clause.sql = "SELECT t.id, 0, 1 ";
        matching.append_studies(clause, Way::ByConditions);
    } else if (query.level != Level::Instance) {
        clause.sql = "SELECT s.study, s.id, 1 ";
        matching.append_sets(clause, Way::ByConditions);
    } else if (!matching.asks_instances()) {
        clause.sql = "SELECT s.study, s.id, s.instances ";
        matching.append_sets(clause, Way::ByConditions);
    } else if (!matching.asks_each_instance()) {
        clause.sql = "SELECT s.study, s.id, k.instances ";
        matching.append_kinds(clause, Way::ByConditions);
    } else {
        clause.sql = "SELECT s.study, s.id, 1 ";
        matching.append_instances(clause, Way::ByConditions);
    }
}

class MatchCounting {
public:
    MatchCounting(const Query& query, const Matching& matching)
        : counts_studies_(query.level == Level::Study),
          total_up_to_(query.total_up_to),
          rows_max_(matching.asks_what_many_kinds_have() ? kListedScannedMax : kListedSetsMax) {
    }

    void add(std::int64_t study, std::int64_t set, std::int64_t hits) {
        // Rows of a study mostly come together.
        const bool is_new_study = study != last_study_ && studies_.insert(study).second;
        last_study_ = study;
        if (rows_ == 0) first_set_ = set;
        last_set_ = set;
        if (set != 0) add_set({study, set});
        if (++rows_ > rows_max_ || studies_.size() > kListedStudiesMax) {
            found_.is_listed = false;
        }
        if (!counts_studies_) {
            counted_ += static_cast<std::size_t>(hits);
        } else if (is_new_study) {
            ++counted_;
        }
    }
    bool is_enough() const { return counted_ > total_up_to_ && !found_.is_listed; }

    Found finish() {
        found_.total = std::min(counted_, total_up_to_);
        found_.total_is_exact = counted_ <= total_up_to_;
        // Of words they come in the order of their numbers, as image sets came.
        const auto passed =
            static_cast<std::size_t>(std::max(last_set_ - first_set_, INT64_C(0)));
        found_.is_dense = passed < rows_ * 4;
        if (found_.is_listed) {
            found_.studies.assign(studies_.begin(), studies_.end());
            std::ranges::sort(found_.sets);
            const auto repeated = std::ranges::unique(found_.sets);
            found_.sets.erase(repeated.begin(), repeated.end());
        }
        return std::move(found_);
    }

private:
    void add_set(Found::Set set) {
        if (!found_.is_listed || (!found_.sets.empty() && found_.sets.back() == set)) return;
        found_.sets.push_back(set);
    }

    const bool counts_studies_;
    const std::size_t total_up_to_;
    const std::size_t rows_max_;
    std::size_t counted_ = 0;
    std::size_t rows_ = 0;
    std::int64_t last_study_ = 0;
    std::int64_t first_set_ = 0;
    std::int64_t last_set_ = 0;
    std::unordered_set<std::int64_t> studies_;
    Found found_;
};

Result<Found> count_matches(db::Snapshot& snapshot, const Query& query,
                            const Matching& matching, const Clause& clause) {
    TRY(db::Query rows, clause.prepare(snapshot));
    MatchCounting counting(query, matching);
    while (!counting.is_enough()) {
        TRY(const bool row, rows.next());
        if (!row) break;
        counting.add(rows.int64(0), rows.int64(1), rows.int64(2));
    }
    return counting.finish();
}

}  // namespace

Result<Found> find_matches(db::Snapshot& snapshot, const Query& query,
                           const Matching& matching) {
    if (query.level == Level::Study && matching.asks_what_many_kinds_have()) {
        Clause clause;
        clause.sql = "SELECT t.id, 0, 1 ";
        matching.append_studies_with_set(clause);
        TRY(const Found found, count_matches(snapshot, query, matching, clause));
        if (!found.is_listed) return found;
        // Few studies with many kinds: what matches is listed.
    }
    Clause clause;
    append_matches(clause, query, matching);
    return count_matches(snapshot, query, matching, clause);
}

}  // namespace larmor::index::search::embedded

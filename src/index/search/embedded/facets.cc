#include "index/search/embedded/facets.h"

#include <algorithm>
#include <unordered_map>

#include "dicom/tags.h"

namespace larmor::index::search::embedded {
namespace {

/// How often each value of an attribute is there.
class ValueCounts {
public:
    void add(std::string_view value, std::int64_t hits) { at(value).hits += hits; }
    /// Counts a study once, where the rows of each come together.
    void add_study(std::string_view value, std::int64_t study) {
        Count& count = at(value);
        if (count.last_study == study) return;
        count.last_study = study;
        ++count.hits;
    }

    std::vector<FacetValue> most_frequent(std::size_t values_max) const {
        std::vector<FacetValue> values;
        values.reserve(counts_.size());
        for (const auto& [value, count] : counts_) values.push_back({value, count.hits});
        const auto order = [](const FacetValue& a, const FacetValue& b) {
            return a.count != b.count ? a.count > b.count : a.value < b.value;
        };
        const auto shown = std::min(values_max, values.size());
        std::ranges::partial_sort(values, values.begin() + static_cast<std::ptrdiff_t>(shown),
                                  order);
        values.resize(shown);
        return values;
    }

private:
    struct Count {
        std::int64_t hits = 0;
        std::int64_t last_study = 0;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    Count& at(std::string_view value) {
        const auto there = counts_.find(value);
        return there != counts_.end() ? there->second : counts_[std::string(value)];
    }
    std::unordered_map<std::string, Count, Hash, std::equal_to<>> counts_;
};

/// All facets in one pass over the rows.
class FacetCounting {
public:
    FacetCounting(const Query& query, const Matching& matching, const Found& found)
        : query_(query),
          matching_(matching),
          found_(found),
          way_(found.is_listed ? Way::ByConditions : Way::InOrder),
          counts_(query.facets.size()) {}

    Result<void> run(db::Snapshot& snapshot) {
        Numbers of_studies;
        Numbers of_sets;
        Numbers of_instances;
        for (std::size_t i = 0; i < query_.facets.size(); ++i) {
            const Level level = query_.facets[i].first->level;
            if (query_.level == Level::Study && matching_.is_of_studies() &&
                level <= Level::Study) {
                of_studies.push_back(i);
            } else if (query_.level == Level::Instance &&
                       (level == Level::Instance || matching_.asks_instances())) {
                of_instances.push_back(i);
            } else {
                of_sets.push_back(i);
            }
        }
        if (!of_studies.empty()) TRY_VOID(count_of_studies(snapshot, of_studies));
        if (!of_sets.empty()) TRY_VOID(count_of_sets(snapshot, of_sets));
        if (!of_instances.empty()) TRY_VOID(count_of_instances(snapshot, of_instances));
        return {};
    }

    std::vector<std::vector<FacetValue>> take() const {
        std::vector<std::vector<FacetValue>> facets;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            facets.push_back(counts_[i].most_frequent(query_.facets[i].second));
        }
        return facets;
    }

private:
    using Numbers = std::vector<std::size_t>;

    Result<void> count_of_studies(db::Snapshot& snapshot, const Numbers& numbers) {
        Clause clause;
        clause.sql = "SELECT t.id, 1";
        append_values(clause, numbers, "t");
        matching_.append_studies(clause, way_);
        return count_rows(snapshot, clause, numbers);
    }

    Result<void> count_of_sets(db::Snapshot& snapshot, const Numbers& numbers) {
        Clause clause;
        clause.sql = query_.level == Level::Instance ? "SELECT s.study, s.instances"
                                                     : "SELECT s.study, 1";
        append_values(clause, numbers, "s");
        append_listed_or_all(clause);
        const bool needs_order = query_.level == Level::Study && !found_.is_listed;
        if (needs_order) clause.sql += " ORDER BY s.study";
        return count_rows(snapshot, clause, numbers);
    }

    /// In lists the image sets of a study stand together.
    void append_listed_or_all(Clause& clause) const {
        if (!found_.is_listed) return matching_.append_sets(clause, Way::InOrder);
        std::vector<std::int64_t> ids;
        for (const auto& set : found_.sets) ids.push_back(set.id);
        const bool has_sets = !ids.empty();
        clause.sql += "FROM json_each(" +
                      clause.parameter(id_list(has_sets ? ids : found_.studies)) +
                      ") j CROSS JOIN image_sets s ON " + (has_sets ? "s.id" : "s.study") +
                      " = j.value WHERE s.is_shown = 1";
    }

    Result<void> count_of_instances(db::Snapshot& snapshot, const Numbers& numbers) {
        const bool is_of_kinds_alone =
            matching_.asks_nothing_of_sets() &&
            std::ranges::all_of(numbers, [&](std::size_t i) {
                return query_.facets[i].first->level == Level::Instance;
            });
        Clause clause;
        if (matching_.asks_each_instance()) {
            clause.sql = "SELECT s.study, 1";
            append_values(clause, numbers, "i");
            matching_.append_instances(clause, way_);
        } else if (is_of_kinds_alone) {
            clause.sql = "SELECT 0, k.instances";
            append_values(clause, numbers, "k");
            matching_.append_kinds_alone(clause);
        } else {
            clause.sql = "SELECT s.study, k.instances";
            append_values(clause, numbers, "k");
            matching_.append_kinds(clause, way_);
        }
        return count_rows(snapshot, clause, numbers);
    }

    void append_values(Clause& clause, const Numbers& numbers, std::string_view alias) const {
        for (const std::size_t i : numbers) {
            const Field& field = *query_.facets[i].first;
            const bool is_of_set = alias != "t" && field.level != Level::Instance;
            clause.sql += ", " + column(is_of_set ? "s" : alias, field);
        }
        clause.sql += ' ';
    }

    Result<void> count_rows(db::Snapshot& snapshot, const Clause& clause,
                            const Numbers& numbers) {
        TRY(db::Query rows, clause.prepare(snapshot));
        for (;;) {
            TRY(const bool row, rows.next());
            if (!row) return {};
            const std::int64_t study = rows.int64(0);
            const std::int64_t hits = rows.int64(1);
            for (std::size_t i = 0; i < numbers.size(); ++i) {
                const int at = static_cast<int>(i) + 2;
                if (rows.is_null(at)) continue;
                ValueCounts& counts = counts_[numbers[i]];
                if (query_.level == Level::Study) {
                    counts.add_study(rows.text(at), study);
                } else {
                    counts.add(rows.text(at), hits);
                }
            }
        }
    }

    const Query& query_;
    const Matching& matching_;
    const Found& found_;
    const Way way_;
    std::vector<ValueCounts> counts_;
};

}  // namespace

Result<std::vector<std::vector<FacetValue>>> count_facets(db::Snapshot& snapshot,
                                                          const Query& query,
                                                          const Matching& matching,
                                                          const Found& found) {
    FacetCounting counting(query, matching, found);
    TRY_VOID(counting.run(snapshot));
    return counting.take();
}

}  // namespace larmor::index::search::embedded

#include "index/search/embedded/spans.h"

#include <limits>

#include "index/search/embedded/hits.h"

namespace larmor::index::search::embedded {
namespace {

/// Values along an index, as far as the page goes.
class SpanFinding {
public:
    SpanFinding(const Matching& matching, const Order& order, std::size_t offset,
                std::size_t end)
        : matching_(matching), order_(order), offset_(offset), end_(end) {}

    Result<Spans> run(db::Snapshot& snapshot) {
        TRY_VOID(read(snapshot, /*has_value=*/true));
        if (passed_ < end_) TRY_VOID(read(snapshot, /*has_value=*/false));
        return passed_ > offset_ ? join() : Spans{};
    }

private:
    struct Group {
        std::optional<Clause::Value> value;
        std::size_t passed = 0;  ///< hits before it
    };

    Result<void> read(db::Snapshot& snapshot, bool has_value) {
        Clause clause;
        append_statement(clause, has_value);
        TRY(db::Query rows, clause.prepare(snapshot));
        bool is_first = true;
        while (passed_ < end_) {
            TRY(const bool row, rows.next());
            if (!row) break;
            auto value = value_of(rows);
            if (is_first || value != groups_.back().value) begin(std::move(value));
            is_first = false;
            passed_ += static_cast<std::size_t>(rows.int64(1));
        }
        return {};
    }

    void append_statement(Clause& clause, bool has_value) const {
        clause.sql = "SELECT " + order_.column + ", " + std::string(order_.hits) + ' ';
        if (order_.is_of_kinds) {
            matching_.append_kinds_alone(clause);
        } else if (order_.reads_kinds) {
            matching_.append_kinds(clause, Way::InOrder);
        } else {
            matching_.append_sets(clause, Way::InOrder);
        }
        if (!has_value) {
            clause.sql += " AND " + order_.column + " IS NULL";
            return;
        }
        // A range of the index, which IS NOT NULL is not.
        const Clause::Value least =
            order_.is_number ? Clause::Value(std::numeric_limits<std::int64_t>::min())
                             : Clause::Value(std::string());
        clause.sql += " AND " + order_.column + " >= " + clause.parameter(least) +
                      " ORDER BY " + order_.column + (order_.is_descending ? " DESC" : "");
    }

    std::optional<Clause::Value> value_of(const db::Query& row) const {
        if (row.is_null(0)) return std::nullopt;
        if (order_.is_number) return row.int64(0);
        return row.string(0);
    }

    void begin(std::optional<Clause::Value> value) {
        if (passed_ <= offset_) groups_.clear();
        groups_.push_back({std::move(value), passed_});
    }

    /// Values between the first and the last are read whole: together they are fewer hits than
    /// the page.
    Spans join() const {
        Spans found{.passed = groups_.front().passed, .spans = {}};
        found.spans.push_back({groups_.front().value, groups_.front().value});
        if (groups_.size() > 2) {
            found.spans.push_back({groups_[1].value, groups_[groups_.size() - 2].value});
        }
        if (groups_.size() > 1) {
            found.spans.push_back({groups_.back().value, groups_.back().value});
        }
        return found;
    }

    const Matching& matching_;
    const Order& order_;
    const std::size_t offset_;
    const std::size_t end_;
    std::size_t passed_ = 0;
    std::vector<Group> groups_;
};

void append_values(Clause& clause, const std::string& column, const Order& order,
                   const Span& span) {
    if (!span.first) {
        clause.sql += " AND " + column + " IS NULL";
    } else if (span.is_of_one()) {
        clause.sql += " AND " + column + " = " + clause.parameter(*span.first);
    } else {
        const auto& [least, greatest] = order.is_descending ? std::pair(span.last, span.first)
                                                            : std::pair(span.first, span.last);
        clause.sql += " AND " + column + " >= " + clause.parameter(*least);
        clause.sql += " AND " + column + " <= " + clause.parameter(*greatest);
    }
}

/// Whether so few kinds have the value that they are sorted.
Result<bool> is_of_few_kinds(db::Snapshot& snapshot, const Order& order, const Span& span) {
    if (!span.is_of_one()) return true;
    Clause clause;
    clause.sql = "SELECT count(*) FROM (SELECT 1 FROM instance_kinds k WHERE 1";
    append_values(clause, order.column, order, span);
    clause.sql += " LIMIT " + std::to_string(kSortedKindsMax + 1) + ")";
    TRY(db::Query rows, clause.prepare(snapshot));
    TRY_VOID(rows.next());
    return rows.int64(0) <= kSortedKindsMax;
}

}  // namespace

bool walks_along_values(const Query& query, const Matching& matching, const Found& found) {
    const bool has_one = query.sort.size() == 1 && way_along_order(query) == Way::Scan;
    const bool knows_hits = query.level != Level::Instance || !matching.asks_each_instance();
    // Lists would be made anew for each span.
    return has_one && knows_hits && !found.is_listed && !matching.makes_lists();
}

Result<Spans> find_spans(db::Snapshot& snapshot, const Matching& matching, const Order& order,
                         std::size_t offset, std::size_t end) {
    return SpanFinding(matching, order, offset, end).run(snapshot);
}

Result<void> append_rows(Clause& clause, db::Snapshot& snapshot, const Matching& matching,
                         const Order& order, const Span& span) {
    std::string column = order.column;
    if (order.is_of_kinds) {
        TRY(const bool few, is_of_few_kinds(snapshot, order, span));
        matching.append_kinds(clause, few ? Way::AlongKinds : Way::InOrder);
        // Those of an image set are looked up by that.
        if (!few) column = '+' + column;
    } else if (order.reads_kinds) {
        matching.append_kinds(clause, Way::InOrder);
    } else {
        matching.append_sets(clause, Way::InOrder);
    }
    append_values(clause, column, order, span);
    clause.sql += " ORDER BY ";
    if (!span.is_of_one()) {
        clause.sql += order.column + (order.is_descending ? " DESC, " : ", ");
    }
    clause.sql += "s.\"StudyInstanceUID\", s.\"SeriesInstanceUID\"";
    return {};
}

}  // namespace larmor::index::search::embedded

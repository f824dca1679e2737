#include "index/search/embedded/instance_hits.h"

#include <algorithm>

#include "dicom/tags.h"
#include "index/search/embedded/hits.h"
#include "index/search/embedded/spans.h"

namespace larmor::index::search::embedded {
namespace {

namespace tags = dicom::tags;

constexpr std::int64_t kFirstRowsMax = 1000;

bool sorts_by(const Query& query, dicom::Tag tag) {
    return std::ranges::any_of(query.sort,
                               [&](const Sort& sort) { return sort.field->tag == tag; });
}
bool sorts_by_kind(const Query& query) {
    return std::ranges::any_of(query.sort,
                               [](const Sort& sort) { return is_of_kinds(*sort.field); });
}

/// Few instances of an image set have a number, which SQLite does not know.
bool asks_number(const Query& query) {
    const auto is_number = [](const auto& one) {
        return one.field->tag == tags::InstanceNumber;
    };
    return std::ranges::any_of(query.filters, is_number) ||
           std::ranges::any_of(query.ranges, is_number);
}

/// The order of the first instances that there are of each kind.
void append_order_of_kinds(Clause& clause, const Query& query, Way way) {
    clause.sql += " ORDER BY ";
    const auto add = [&](const std::string& name, std::string_view how) {
        if (way == Way::ByConditions) clause.sql += '+';
        clause.sql += name;
        clause.sql.append(how).append(", ");
    };
    for (const Sort& sort : query.sort) {
        const std::string_view how = sort.is_descending ? " DESC" : " ASC NULLS LAST";
        if (sort.field->tag == tags::InstanceNumber) {
            add(sort.is_descending ? "k.last_number" : "k.first_number", how);
        } else {
            add(column(sort.field->level == Level::Instance ? "k" : "s", *sort.field), how);
        }
    }
    if (query.sort.empty()) {
        add(column("s", known_field(tags::StudyDate)), " DESC");
        add(column("s", known_field(tags::StudyTime)), " DESC");
    }
    add(column("s", known_field(tags::StudyInstanceUID)), "");
    add(column("s", known_field(tags::SeriesInstanceUID)), "");
    clause.sql.resize(clause.sql.size() - 2);
}

/// Instances that stand together in the order of hits: of one image set and, where that is
/// sorted by, of kinds that are equal in it.
struct Unit {
    std::int64_t set = 0;
    std::int64_t kind = 0;  ///< the position of one of its kinds
    std::string key;        ///< what it is sorted by of its kinds
    std::int64_t instances = 0;
};

/// Passes over units in the order of hits, and reads the instances of those on the page.
class Walk {
public:
    Walk(db::Snapshot& snapshot, const Query& query, const Matching& matching,
         const Found& found)
        : snapshot_(snapshot),
          query_(query),
          matching_(matching),
          found_(found),
          of_kinds_(sorts_by_kind(query) ||
                    (matching.asks_instances() && !matching.asks_each_instance())) {}

    Result<std::vector<Hit>> run() {
        if (!walks_along_values(query_, matching_, found_)) {
            Clause clause;
            append_units(clause);
            TRY_VOID(walk(clause));
            return std::move(hits_);
        }
        const Order order = order_of_units();
        TRY(const Spans found, find_spans(snapshot_, matching_, order, query_.offset,
                                          query_.offset + query_.limit));
        passed_ = found.passed;
        for (const Span& span : found.spans) {
            Clause clause;
            append_columns(clause);
            TRY_VOID(append_rows(clause, snapshot_, matching_, order, span));
            TRY_VOID(walk(clause));
        }
        return std::move(hits_);
    }

private:
    bool is_full() const { return hits_.size() >= query_.limit; }

    Order order_of_units() const {
        const Sort& sort = query_.sort[0];
        const bool is_of_kinds = embedded::is_of_kinds(*sort.field);
        return {.column = column(is_of_kinds ? "k" : "s", *sort.field),
                .is_number = sort.field->kind == FieldKind::Number,
                .is_of_kinds = is_of_kinds,
                .reads_kinds = of_kinds_,
                .is_descending = sort.is_descending,
                .hits = of_kinds_ ? "k.instances" : "s.instances"};
    }

    /// `clause` gives units in the order of hits.
    Result<void> walk(const Clause& clause) {
        TRY(db::Query rows, clause.prepare(snapshot_));
        Unit unit;
        while (!is_full()) {
            TRY(const bool row, rows.next());
            if (!row) break;
            Unit next = unit_of(rows);
            if (next.set == unit.set && next.key == unit.key) {
                unit.instances += next.instances;
                continue;
            }
            TRY_VOID(pass(unit));
            unit = std::move(next);
        }
        return pass(unit);
    }

    void append_columns(Clause& clause) const {
        clause.sql =
            of_kinds_ ? "SELECT s.id, k.instances, k.position" : "SELECT s.id, s.instances, 0";
        for (const Sort& sort : query_.sort) {
            if (is_of_kinds(*sort.field)) clause.sql += ", " + column("k", *sort.field);
        }
        clause.sql += ' ';
    }
    void append_units(Clause& clause) const {
        append_columns(clause);
        if (found_.is_listed) {
            append_listed(clause);
        } else if (of_kinds_) {
            matching_.append_kinds(clause, way_along_order(query_));
        } else {
            matching_.append_sets(clause, way_along_order(query_));
        }
        append_order_of_kinds(clause, query_,
                              found_.is_listed ? Way::ByConditions : Way::InOrder);
        const auto end = static_cast<std::int64_t>(query_.offset + query_.limit);
        // Each row stands for a hit at least: behind so many none is of the page. What is cut
        // off of the last unit does not matter, since a page that comes to it reads it whole.
        // Of many rows SQLite keeps the first ones slower than it sorts all.
        if (!matching_.asks_each_instance() && end <= kFirstRowsMax) {
            clause.sql += " LIMIT " + clause.parameter(end);
        }
    }
    void append_listed(Clause& clause) const {
        std::vector<std::int64_t> ids;
        for (const auto& set : found_.sets) ids.push_back(set.id);
        clause.sql += "FROM json_each(" + clause.parameter(id_list(ids)) +
                      ") j CROSS JOIN image_sets s ON s.id = j.value";
        if (of_kinds_) clause.sql += " CROSS JOIN instance_kinds k ON k.image_set = s.id";
        clause.sql += " WHERE 1";
        if (of_kinds_) append_kind_conditions(clause, query_, "+k");
    }

    Unit unit_of(const db::Query& row) const {
        Unit unit{
            .set = row.int64(0), .kind = row.int64(2), .key = {}, .instances = row.int64(1)};
        int number = 3;
        for (const Sort& sort : query_.sort) {
            if (!is_of_kinds(*sort.field)) continue;
            unit.key.append(row.is_null(number) ? "-" : "=").append(row.text(number)) += '\n';
            ++number;
        }
        return unit;
    }

    Result<void> pass(const Unit& unit) {
        if (unit.set == 0 || is_full()) return {};
        const auto instances = static_cast<std::size_t>(unit.instances);
        // How many of them match is not known where each is asked.
        if (!matching_.asks_each_instance() && passed_ + instances <= query_.offset) {
            passed_ += instances;
            return {};
        }
        return read(unit);
    }

    Result<void> read(const Unit& unit) {
        Clause clause;
        append_select(clause, query_);
        clause.sql += "FROM image_sets s CROSS JOIN instances i";
        if (asks_number(query_)) clause.sql += " INDEXED BY instances_number";
        clause.sql += " ON i.image_set = s.id";
        if (of_kinds_) clause.sql += " CROSS JOIN instance_kinds k ON k.image_set = s.id";
        clause.sql += " WHERE s.id = " + clause.parameter(unit.set);
        if (of_kinds_) clause.sql += " AND k.position = " + clause.parameter(unit.kind);
        for (const Sort& sort : query_.sort) {
            if (!is_of_kinds(*sort.field)) continue;
            clause.sql +=
                " AND " + column("i", *sort.field) + " IS " + column("k", *sort.field);
        }
        append_instance_conditions(clause, query_, "i");
        clause.sql += " ORDER BY i.\"InstanceNumber\" NULLS LAST, i.\"SOPInstanceUID\"";
        TRY(db::Query rows, clause.prepare(snapshot_));
        while (!is_full()) {
            TRY(const bool row, rows.next());
            if (!row) break;
            if (passed_++ >= query_.offset) hits_.push_back(hit_of(rows, query_));
        }
        return {};
    }

    db::Snapshot& snapshot_;
    const Query& query_;
    const Matching& matching_;
    const Found& found_;
    const bool of_kinds_;
    std::size_t passed_ = 0;
    std::vector<Hit> hits_;
};

/// Of each kind at least one instance matches: behind as many kinds as there are hits up to the
/// end of the page, in the order of their first instances, no hit of the page can be.
void append_first_kinds(Clause& clause, const Query& query, const Matching& matching,
                        const Found& found) {
    clause.sql += "FROM (SELECT DISTINCT image_set FROM (SELECT k.image_set ";
    matching.append_kinds(clause, found.is_listed ? Way::ByConditions : Way::Scan);
    append_order_of_kinds(clause, query, Way::InOrder);
    clause.sql += " LIMIT " +
                  clause.parameter(static_cast<std::int64_t>(query.offset + query.limit)) +
                  ")) c CROSS JOIN image_sets s ON s.id = c.image_set"
                  " CROSS JOIN instances i ON i.image_set = s.id WHERE 1";
    append_instance_conditions(clause, query, "i");
}

/// The same in the order of InstanceNumber alone, along the index of the first or last numbers
/// of kinds: the last of so many kinds says which instances of their image sets come before.
Result<void> append_first_numbers(Clause& clause, db::Snapshot& snapshot, const Query& query,
                                  const Matching& matching) {
    const bool is_descending = query.sort[0].is_descending;
    const Order order{.column = is_descending ? "k.last_number" : "k.first_number",
                      .is_number = true,
                      .is_of_kinds = true,
                      .reads_kinds = true,
                      .is_descending = is_descending};
    const std::size_t end = query.offset + query.limit;
    TRY(const Spans found, find_spans(snapshot, matching, order, 0, end));
    std::vector<std::int64_t> sets;
    for (const Span& span : found.spans) {
        Clause of_span;
        of_span.sql = "SELECT s.id ";
        TRY_VOID(append_rows(of_span, snapshot, matching, order, span));
        of_span.sql +=
            " LIMIT " + of_span.parameter(static_cast<std::int64_t>(end - sets.size()));
        TRY(db::Query rows, of_span.prepare(snapshot));
        for (;;) {
            TRY(const bool row, rows.next());
            if (!row) break;
            sets.push_back(rows.int64(0));
        }
    }
    const bool are_all = sets.size() < end;
    std::ranges::sort(sets);
    const auto repeated = std::ranges::unique(sets);
    sets.erase(repeated.begin(), repeated.end());
    clause.sql += "FROM json_each(" + clause.parameter(id_list(sets)) +
                  ") j CROSS JOIN image_sets s ON s.id = j.value"
                  " CROSS JOIN instances i ON i.image_set = s.id WHERE 1";
    append_instance_conditions(clause, query, "i");
    if (are_all || !found.spans.back().last) return {};
    clause.sql += std::string(" AND i.\"InstanceNumber\" ") + (is_descending ? ">= " : "<= ") +
                  clause.parameter(*found.spans.back().last);
    return {};
}

/// Where instances decide the order.
Result<std::vector<Hit>> sort_instances(db::Snapshot& snapshot, const Query& query,
                                        const Matching& matching, const Found& found) {
    Clause clause;
    append_select(clause, query);
    if (!matching.asks_each_instance() && !sorts_by(query, tags::SOPInstanceUID)) {
        if (walks_along_values(query, matching, found)) {
            TRY_VOID(append_first_numbers(clause, snapshot, query, matching));
        } else {
            append_first_kinds(clause, query, matching, found);
        }
    } else if (!found.is_listed && query.sort[0].field->tag == tags::SOPInstanceUID) {
        clause.sql += "FROM instances i CROSS JOIN image_sets s ON s.id = i.image_set";
        matching.append_where_sets(clause, Way::InOrder);
        append_instance_conditions(clause, query, "+i");
    } else {
        matching.append_instances(clause, Way::ByConditions);
    }
    append_order(clause, query, Way::InOrder);
    return read_page(snapshot, query, clause);
}

}  // namespace

Result<std::vector<Hit>> read_instance_hits(db::Snapshot& snapshot, const Query& query,
                                            const Matching& matching, const Found& found) {
    if (sorts_by(query, tags::InstanceNumber) || sorts_by(query, tags::SOPInstanceUID)) {
        return sort_instances(snapshot, query, matching, found);
    }
    return Walk(snapshot, query, matching, found).run();
}

}  // namespace larmor::index::search::embedded

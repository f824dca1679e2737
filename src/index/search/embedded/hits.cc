#include "index/search/embedded/hits.h"

#include <algorithm>
#include <iterator>

#include "dicom/tags.h"
#include "index/search/embedded/row_words.h"
#include "index/search/embedded/spans.h"

namespace larmor::index::search::embedded {
namespace {

namespace tags = dicom::tags;

std::string_view alias_of(const Field& field, Level level) {
    if (field.level == Level::Instance) return "i";
    return level == Level::Study ? "t" : "s";
}

bool is_newest_first(const Query& query) {
    return query.sort.empty() ||
           (query.sort[0].field->tag == tags::StudyDate && query.sort[0].is_descending);
}

/// In what append_select selects, of the row itself.
constexpr int kColumnsBefore = 4;

int count_fields(Level level) {
    return static_cast<int>(std::ranges::count_if(
        fields(), [&](const Field& field) { return field.level <= level; }));
}

void append_listed(Clause& clause, const Query& query, const Found& found) {
    std::vector<std::int64_t> ids;
    if (query.level == Level::Study) {
        ids = found.studies;
    } else {
        for (const auto& set : found.sets) ids.push_back(set.id);
    }
    clause.sql += query.level == Level::Study ? "FROM studies t WHERE t.id IN ("
                                              : "FROM image_sets s WHERE s.id IN (";
    clause.sql += "SELECT value FROM json_each(" + clause.parameter(id_list(ids)) + "))";
}

/// Studies of which many match, in the order of an index: each comes once for each of its image
/// sets that matches.
Result<std::vector<Hit>> walk_studies(db::Snapshot& snapshot, const Query& query,
                                      const Matching& matching) {
    Clause clause;
    append_select(clause, query);
    clause.sql += "FROM studies t CROSS JOIN image_sets s ON s.study = t.id";
    matching.append_where_sets(clause, Way::InOrder);
    append_order(clause, query, Way::InOrder);
    TRY(db::Query rows, clause.prepare(snapshot));
    std::vector<Hit> hits;
    std::int64_t last = 0;
    std::size_t passed = 0;
    while (hits.size() < query.limit) {
        TRY(const bool row, rows.next());
        if (!row) break;
        const std::int64_t study = rows.int64(0);
        if (study == last) continue;
        last = study;
        if (passed++ >= query.offset) hits.push_back(hit_of(rows, query));
    }
    return hits;
}

/// So many rows are read for their words; a list of all that have them takes longer.
constexpr int kReadForWordsMax = 400;

/// Studies or series, newest first, of whose image sets a good part has the words: the words
/// of each are read. Nothing where only their index knows, or where that takes too long.
Result<std::optional<std::vector<Hit>>> walk_reading_words(db::Snapshot& snapshot,
                                                           const Query& query,
                                                           const Matching& matching) {
    Clause clause;
    append_select(clause, query);
    clause.sql += ", w.patient_name, w.physician_name, w.other ";
    clause.sql += query.level == Level::Study
                      ? "FROM studies t CROSS JOIN image_sets s ON s.study = t.id"
                      : "FROM image_sets s";
    clause.sql += " CROSS JOIN words w ON w.rowid = s.id";
    matching.append_where_sets_but_words(clause, Way::InOrder);
    append_order(clause, query, Way::InOrder);
    const int words_at = kColumnsBefore + count_fields(query.level);
    TRY(db::Query rows, clause.prepare(snapshot));
    std::vector<Hit> hits;
    std::int64_t last = 0;
    std::size_t passed = 0;
    for (int read = 0; hits.size() < query.limit; ++read) {
        TRY(const bool row, rows.next());
        if (!row) break;
        if (read == kReadForWordsMax) return std::nullopt;
        if (rows.int64(0) == last) continue;
        const auto has = row_has_words(
            query, {rows.text(words_at), rows.text(words_at + 1), rows.text(words_at + 2)});
        if (!has) return std::nullopt;
        if (!*has) continue;
        last = rows.int64(0);
        if (passed++ >= query.offset) hits.push_back(hit_of(rows, query));
    }
    return hits;
}

/// Series of which many match, in the order of one attribute.
Result<std::vector<Hit>> walk_series(db::Snapshot& snapshot, const Query& query,
                                     const Matching& matching) {
    const Sort& sort = query.sort[0];
    const Order order{.column = column("s", *sort.field),
                      .is_number = sort.field->kind == FieldKind::Number,
                      .is_descending = sort.is_descending};
    TRY(const Spans found,
        find_spans(snapshot, matching, order, query.offset, query.offset + query.limit));
    std::vector<Hit> hits;
    Query rest = query;
    rest.offset -= found.passed;
    for (const Span& span : found.spans) {
        rest.limit = query.limit - hits.size();
        Clause clause;
        append_select(clause, query);
        TRY_VOID(append_rows(clause, snapshot, matching, order, span));
        TRY(auto of_span, read_page(snapshot, rest, clause));
        std::ranges::move(of_span, std::back_inserter(hits));
        rest.offset = 0;
    }
    return hits;
}

}  // namespace

Way way_along_order(const Query& query) {
    const bool has_index =
        is_newest_first(query) || query.sort[0].field->tag == tags::SeriesInstanceUID;
    return has_index ? Way::InOrder : Way::Scan;
}

void append_order(Clause& clause, const Query& query, Way way) {
    clause.sql += " ORDER BY ";
    const auto add = [&](const Field& field, std::string_view how) {
        if (way == Way::ByConditions) clause.sql += '+';
        clause.sql += column(alias_of(field, query.level), field);
        clause.sql.append(how).append(", ");
    };
    // What is absent comes last; NULL is the least of all values.
    for (const Sort& sort : query.sort) {
        add(*sort.field, sort.is_descending ? " DESC" : " ASC NULLS LAST");
    }
    if (query.sort.empty()) {
        add(known_field(tags::StudyDate), " DESC");
        add(known_field(tags::StudyTime), " DESC");
    }
    add(known_field(tags::StudyInstanceUID), "");
    if (query.level >= Level::Series) add(known_field(tags::SeriesInstanceUID), "");
    if (query.level >= Level::Instance) {
        add(known_field(tags::InstanceNumber), " ASC NULLS LAST");
        add(known_field(tags::SOPInstanceUID), "");
    }
    clause.sql.resize(clause.sql.size() - 2);
}

void append_select(Clause& clause, const Query& query) {
    clause.sql += query.level == Level::Study
                      ? "SELECT t.id, t.modalities, t.series, t.instances"
                      : "SELECT s.id, s.image_set_id, 1, s.instances";
    for (const Field& field : fields()) {
        if (field.level > query.level) continue;
        clause.sql += ", " + column(alias_of(field, query.level), field);
    }
    clause.sql += ' ';
}

Hit hit_of(const db::Query& row, const Query& query) {
    Hit hit;
    if (query.level == Level::Study) {
        std::string_view rest = row.text(1);
        while (!rest.empty()) {
            const auto end = std::min(rest.find('\\'), rest.size());
            hit.modalities.emplace_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    } else {
        hit.image_set_id = row.string(1);
    }
    hit.series = row.int64(2);
    hit.instances = row.int64(3);
    int number = kColumnsBefore;
    for (const Field& field : fields()) {
        if (field.level > query.level) continue;
        if (!row.is_null(number)) {
            hit.values.emplace_back(&field, field.kind == FieldKind::Number
                                                ? std::to_string(row.int64(number))
                                                : row.string(number));
        }
        ++number;
    }
    return hit;
}

Result<std::vector<Hit>> read_page(db::Snapshot& snapshot, const Query& query, Clause& clause) {
    clause.sql += " LIMIT " + clause.parameter(static_cast<std::int64_t>(query.limit)) +
                  " OFFSET " + clause.parameter(static_cast<std::int64_t>(query.offset));
    TRY(db::Query rows, clause.prepare(snapshot));
    std::vector<Hit> hits;
    for (;;) {
        TRY(const bool row, rows.next());
        if (!row) return hits;
        hits.push_back(hit_of(rows, query));
    }
}

Result<std::vector<Hit>> read_hits(db::Snapshot& snapshot, const Query& query,
                                   const Matching& matching, const Found& found) {
    const bool has_dense_words = matching.has_words() && !found.is_listed && found.is_dense;
    if (has_dense_words && is_newest_first(query) &&
        query.offset + query.limit <= kReadForWordsMax) {
        TRY(auto hits, walk_reading_words(snapshot, query, matching));
        if (hits) return *std::move(hits);
    }
    const bool is_of_studies = query.level == Level::Study && matching.is_of_studies();
    const bool walks = !found.is_listed && query.level == Level::Study && !is_of_studies;
    if (walks && is_newest_first(query)) return walk_studies(snapshot, query, matching);
    if (query.level == Level::Series && walks_along_values(query, matching, found)) {
        return walk_series(snapshot, query, matching);
    }
    Clause clause;
    append_select(clause, query);
    if (found.is_listed) {
        append_listed(clause, query, found);
    } else if (is_of_studies) {
        matching.append_studies(clause, Way::InOrder);
    } else if (query.level == Level::Study) {
        clause.sql += "FROM studies t WHERE t.id IN (SELECT s.study ";
        matching.append_sets(clause, Way::ByConditions);
        clause.sql += ')';
    } else {
        matching.append_sets(clause, way_along_order(query));
    }
    append_order(clause, query, found.is_listed ? Way::ByConditions : Way::InOrder);
    return read_page(snapshot, query, clause);
}

}  // namespace larmor::index::search::embedded

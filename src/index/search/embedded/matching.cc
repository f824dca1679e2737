#include "index/search/embedded/matching.h"

#include <algorithm>

#include "dicom/tags.h"

namespace larmor::index::search::embedded {
namespace {

template <typename Is>
bool any_of_instances(const Query& query, Is is) {
    const auto holds = [&](const auto& one) {
        return one.field->level == Level::Instance && is(*one.field);
    };
    return std::ranges::any_of(query.filters, holds) ||
           std::ranges::any_of(query.ranges, holds);
}

bool is_of_sets(const Field& field) {
    return field.level != Level::Instance && field.kind != FieldKind::Name;
}

/// An index of image sets begins with it by which few of them are found. (Those of the others
/// are for their order: SQLite, which does not know that most rows have one value, would take
/// them instead of a date.)
bool begins_index(const Field& field) {
    namespace tags = dicom::tags;
    return field.tag == tags::PatientID || field.tag == tags::AccessionNumber ||
           field.tag == tags::StudyInstanceUID || field.tag == tags::StudyDate ||
           field.tag == tags::SeriesInstanceUID || field.tag == tags::Modality;
}

template <typename Is>
bool any_of_sets(const Query& query, Is is) {
    const auto holds = [&](const auto& one) {
        return is_of_sets(*one.field) && is(*one.field);
    };
    return std::ranges::any_of(query.filters, holds) ||
           std::ranges::any_of(query.ranges, holds);
}

/// Without an index for any of it the rows are looked through; not one by one along an index
/// that happens to be there, unless that has all that is asked.
bool is_looked_through(const Query& query) {
    return !any_of_sets(query, begins_index) &&
           any_of_sets(query, [](const Field& field) { return !field.has_facets; });
}

}  // namespace

Matching::Matching(const Query& query)
    : query_(query),
      words_(words_to_match(query)),
      asks_instances_(has_conditions_of(query, Level::Instance)),
      asks_kinds_(any_of_instances(query, is_of_kinds)),
      asks_each_instance_(
          any_of_instances(query, [](const Field& field) { return !is_of_kinds(field); })),
      is_of_studies_(words_.empty() && !asks_instances_ &&
                     !has_conditions_of(query, Level::Series)),
      asks_nothing_of_sets_(words_.empty() &&
                            !any_of_sets(query, [](const Field&) { return true; })) {}

bool Matching::makes_lists() const {
    return has_words() || kinds_first_ || has_sop_instance_uid(query_);
}

bool Matching::asks_what_many_kinds_have() const {
    return asks_instances_ && asks_nothing_of_sets_ && !makes_lists();
}

void Matching::append_studies(Clause& clause, Way way) const {
    clause.sql += "FROM studies t WHERE 1";
    append_conditions(clause, query_, way == Way::ByConditions ? "t" : "+t");
}

void Matching::append_studies_with_set(Clause& clause) const {
    clause.sql +=
        "FROM studies t WHERE EXISTS (SELECT 1 FROM image_sets s"
        " WHERE s.study = t.id AND s.is_shown = 1";
    append_has_instance(clause);
    clause.sql += ')';
}

void Matching::append_sets(Clause& clause, Way way) const {
    if (has_words() && way == Way::ByConditions) {
        clause.sql +=
            "FROM words CROSS JOIN image_sets s ON s.id = words.rowid"
            " WHERE words MATCH " +
            clause.parameter(words_) + " AND s.is_shown = 1";
        append_conditions(clause, query_, "s");
        append_has_instance(clause);
        return;
    }
    clause.sql += "FROM image_sets s";
    append_where_sets(clause, way);
}

void Matching::append_where_sets(Clause& clause, Way way) const {
    append_where_sets_but_words(clause, way);
    append_words(clause);
}

void Matching::append_where_sets_but_words(Clause& clause, Way way) const {
    append_where_shown(clause, way);
    append_has_instance(clause);
}

void Matching::append_where_shown(Clause& clause, Way way) const {
    // All indexes that are looked into are of what is shown.
    const bool scans =
        way == Way::Scan || (way == Way::ByConditions && is_looked_through(query_));
    clause.sql += scans ? " WHERE +s.is_shown = 1" : " WHERE s.is_shown = 1";
    if (way != Way::ByConditions) return append_conditions(clause, query_, "+s");
    append_conditions(clause, query_, "s", begins_index);
    append_conditions(clause, query_, "+s",
                      [](const Field& field) { return !begins_index(field); });
}

/// A list that is made once a statement, unless it stands in what is run for each row.
void Matching::append_words(Clause& clause) const {
    if (!has_words()) return;
    clause.sql += " AND +s.id IN (SELECT rowid FROM words WHERE words MATCH " +
                  clause.parameter(words_) + ")";
}

void Matching::append_has_instance(Clause& clause) const {
    if (!asks_instances_) return;
    if (has_sop_instance_uid(query_)) {
        clause.sql += " AND s.id IN (SELECT i.image_set FROM instances i WHERE 1";
        append_instance_conditions(clause, query_, "i");
        clause.sql += ')';
        return;
    }
    append_has_kind(clause);
    if (!asks_each_instance_) return;
    clause.sql += " AND EXISTS (SELECT 1 FROM instances i WHERE i.image_set = s.id";
    append_instance_conditions(clause, query_, "i");
    clause.sql += ')';
}

void Matching::append_has_kind(Clause& clause) const {
    if (kinds_first_) {
        clause.sql += " AND s.id IN (SELECT k.image_set FROM instance_kinds k WHERE 1";
        append_indexed_kind_conditions(clause, query_);
    } else {
        clause.sql += " AND EXISTS (SELECT 1 FROM instance_kinds k WHERE k.image_set = s.id";
        append_kind_conditions(clause, query_, "+k");
    }
    clause.sql += ')';
}

void Matching::append_kinds(Clause& clause, Way way) const {
    const bool finds_kinds = kinds_first_ && way == Way::ByConditions;
    clause.sql += finds_kinds || way == Way::AlongKinds
                      ? "FROM instance_kinds k CROSS JOIN image_sets s ON s.id = k.image_set"
                      : "FROM image_sets s CROSS JOIN instance_kinds k ON k.image_set = s.id";
    append_where_shown(clause, way);
    append_words(clause);
    if (finds_kinds) return append_indexed_kind_conditions(clause, query_);
    append_kind_conditions(clause, query_, "+k");
}

void Matching::append_kinds_alone(Clause& clause) const {
    if (!asks_nothing_of_sets_) return append_kinds(clause, Way::AlongKinds);
    // Only what is shown has kinds.
    clause.sql += "FROM instance_kinds k WHERE 1";
    append_kind_conditions(clause, query_, "+k");
}

void Matching::append_instances(Clause& clause, Way way) const {
    // Image sets first: their conditions leave few.
    clause.sql += has_sop_instance_uid(query_)
                      ? "FROM instances i CROSS JOIN image_sets s ON s.id = i.image_set"
                      : "FROM image_sets s CROSS JOIN instances i ON i.image_set = s.id";
    append_where_shown(clause, way);
    append_words(clause);
    // A UID and a number are looked up among instances as soon as a number among kinds.
    const bool is_found_by_kind = kinds_first_ || asks_kinds_;
    if (is_found_by_kind && !has_sop_instance_uid(query_)) append_has_kind(clause);
    append_instance_conditions(clause, query_, "i");
}

std::string id_list(std::span<const std::int64_t> ids) {
    std::string json = "[";
    for (const std::int64_t id : ids) json.append(std::to_string(id)).append(1, ',');
    if (ids.empty()) return "[]";
    json.back() = ']';
    return json;
}

}  // namespace larmor::index::search::embedded

#include "index/search/embedded/matching.h"

#include <algorithm>

#include "dicom/tags.h"

namespace larmor::index::search::embedded {
namespace {

bool asks_each(const Query& query) {
    const auto differs = [](const auto& one) {
        return one.field->level == Level::Instance && !is_of_kinds(*one.field);
    };
    return std::ranges::any_of(query.filters, differs) ||
           std::ranges::any_of(query.ranges, differs);
}

bool is_of_sets(const Field& field) {
    return field.level != Level::Instance && field.kind != FieldKind::Name;
}

/// An index of image sets begins with it.
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
      asks_each_instance_(asks_each(query)),
      is_of_studies_(words_.empty() && !asks_instances_ &&
                     !has_conditions_of(query, Level::Series)),
      asks_nothing_of_sets_(words_.empty() &&
                            !any_of_sets(query, [](const Field&) { return true; })) {}

void Matching::append_studies(Clause& clause, Way way) const {
    clause.sql += "FROM studies t WHERE 1";
    append_conditions(clause, query_, way == Way::ByConditions ? "t" : "+t");
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
    append_where_shown(clause, way);
    append_words(clause);
    append_has_instance(clause);
}

void Matching::append_where_shown(Clause& clause, Way way) const {
    // All indexes that are looked into are of what is shown.
    const bool scans =
        way == Way::Scan || (way == Way::ByConditions && is_looked_through(query_));
    clause.sql += scans ? " WHERE +s.is_shown = 1" : " WHERE s.is_shown = 1";
    append_conditions(clause, query_, way == Way::ByConditions ? "s" : "+s");
    if (way != Way::ByConditions) return;
    for (const Filter& filter : query_.filters) {
        if (filter.field->tag != dicom::tags::StudyInstanceUID) continue;
        Query of_study;
        of_study.filters.push_back(filter);
        clause.sql += " AND s.study IN (SELECT t.id FROM studies t WHERE 1";
        append_conditions(clause, of_study, "t");
        clause.sql += ')';
    }
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
    clause.sql += kinds_first_
                      ? " AND s.id IN (SELECT k.image_set FROM instance_kinds k WHERE 1"
                      : " AND EXISTS (SELECT 1 FROM instance_kinds k WHERE k.image_set = s.id";
    append_kind_conditions(clause, query_, "k");
    clause.sql += ')';
    if (!asks_each_instance_) return;
    clause.sql += " AND EXISTS (SELECT 1 FROM instances i WHERE i.image_set = s.id";
    append_instance_conditions(clause, query_, "i");
    clause.sql += ')';
}

void Matching::append_kinds(Clause& clause, Way way) const {
    clause.sql += kinds_first_ && way == Way::ByConditions
                      ? "FROM instance_kinds k CROSS JOIN image_sets s ON s.id = k.image_set"
                      : "FROM image_sets s CROSS JOIN instance_kinds k ON k.image_set = s.id";
    append_where_shown(clause, way);
    append_words(clause);
    append_kind_conditions(clause, query_, "k");
}

void Matching::append_instances(Clause& clause, Way way) const {
    // Image sets first: their conditions leave few.
    clause.sql += has_sop_instance_uid(query_)
                      ? "FROM instances i CROSS JOIN image_sets s ON s.id = i.image_set"
                      : "FROM image_sets s CROSS JOIN instances i ON i.image_set = s.id";
    if (has_sop_instance_uid(query_)) {
        append_where_shown(clause, way);
        append_words(clause);
    } else {
        append_where_sets(clause, way);
    }
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

#include "index/search/embedded/clause.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/json_text.h"
#include "dicom/tags.h"

namespace larmor::index::search::embedded {
namespace {

/// Numbers are compared as such.
Clause::Value bound(const Field& field, const std::string& text) {
    if (field.kind != FieldKind::Number) return text;
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// Prepared statements are kept by their text: a long list is one parameter, so that lists of
/// any length have the same.
constexpr std::size_t kValuesInText = 8;

std::string json_list(const Filter& filter) {
    std::string json = "[";
    for (const std::string& value : filter.values) {
        if (json.size() > 1) json += ',';
        if (filter.field->kind == FieldKind::Number) {
            json += value;
        } else {
            append_json_string(json, value);
        }
    }
    return json + "]";
}

void append_filter(Clause& clause, const Filter& filter, std::string_view alias) {
    clause.sql += " AND " + column(alias, *filter.field) + " IN (";
    if (filter.values.size() > kValuesInText) {
        clause.sql +=
            "SELECT value FROM json_each(" + clause.parameter(json_list(filter)) + "))";
        return;
    }
    for (const std::string& value : filter.values) {
        if (clause.sql.back() != '(') clause.sql += ", ";
        clause.sql += clause.parameter(bound(*filter.field, value));
    }
    clause.sql += ')';
}

void append_range(Clause& clause, const Range& range, std::string_view alias) {
    const std::string name = column(alias, *range.field);
    if (range.from) {
        clause.sql +=
            " AND " + name + " >= " + clause.parameter(bound(*range.field, *range.from));
    }
    if (range.to) {
        clause.sql +=
            " AND " + name + " <= " + clause.parameter(bound(*range.field, *range.to));
    }
    if (!range.from && !range.to) clause.sql += " AND " + name + " IS NOT NULL";
}

template <typename Takes>
void append_where(Clause& clause, const Query& query, std::string_view alias, Takes takes) {
    for (const Filter& filter : query.filters) {
        if (takes(*filter.field) && filter.field->kind != FieldKind::Name) {
            append_filter(clause, filter, alias);
        }
    }
    for (const Range& range : query.ranges) {
        if (takes(*range.field)) append_range(clause, range, alias);
    }
}

/// `"yama" *`: words have no quotation marks, which are between words.
void append_beginning(std::string& match, std::string_view columns, const std::string& word) {
    if (!match.empty()) match += " AND ";
    match += columns;
    match += '"' + word + "\" *";
}

}  // namespace

std::string Clause::parameter(Value value) {
    values.push_back(std::move(value));
    return "?" + std::to_string(values.size());
}

Result<db::Query> Clause::prepare(db::Snapshot& snapshot) const {
    TRY(db::Query query, snapshot.prepare(sql));
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::visit([&](const auto& value) { query.bind_at(static_cast<int>(i) + 1, value); },
                   values[i]);
    }
    return query;
}

std::string column(std::string_view alias, const Field& field) {
    return std::string(alias) + ".\"" + std::string(field.keyword) + '"';
}

void append_conditions(Clause& clause, const Query& query, std::string_view alias) {
    append_conditions(clause, query, alias, [](const Field&) { return true; });
}

void append_conditions(Clause& clause, const Query& query, std::string_view alias,
                       bool (*takes)(const Field&)) {
    append_where(clause, query, alias, [&](const Field& field) {
        return field.level != Level::Instance && takes(field);
    });
}

void append_instance_conditions(Clause& clause, const Query& query, std::string_view alias) {
    append_where(clause, query, alias,
                 [](const Field& field) { return field.level == Level::Instance; });
}

void append_kind_conditions(Clause& clause, const Query& query, std::string_view alias) {
    append_where(clause, query, alias, is_of_kinds);
    const auto limit = [&](std::string_view column, std::string_view comparison, auto number) {
        clause.sql += " AND " + std::string(alias) + '.' + std::string(column);
        clause.sql += std::string(comparison) + clause.parameter(number);
    };
    const auto limit_both = [&](const Field& field, const std::optional<std::string>& from,
                                const std::optional<std::string>& to) {
        if (field.tag != dicom::tags::InstanceNumber) return;
        if (from) limit("last_number", " >= ", bound(field, *from));
        if (to) limit("first_number", " <= ", bound(field, *to));
    };
    for (const Filter& filter : query.filters) {
        // Of several values each could be the least.
        if (filter.values.size() != 1) continue;
        limit_both(*filter.field, filter.values[0], filter.values[0]);
    }
    for (const Range& range : query.ranges) limit_both(*range.field, range.from, range.to);
}

void append_indexed_kind_conditions(Clause& clause, const Query& query) {
    const auto is_of = [](const auto& one) { return one.field->level == Level::Instance; };
    const auto conditions = std::ranges::count_if(query.filters, is_of) +
                            std::ranges::count_if(query.ranges, is_of);
    append_kind_conditions(clause, query, conditions == 1 ? "k" : "+k");
}

std::string words_to_match(const Query& query) {
    std::string match;
    for (const std::string& word : query.words) append_beginning(match, "", word);
    for (const Filter& filter : query.filters) {
        if (filter.field->kind != FieldKind::Name) continue;
        const bool is_patient = filter.field->tag == dicom::tags::PatientName;
        for (const std::string& word : filter.values) {
            append_beginning(match, is_patient ? "patient_name : " : "physician_name : ", word);
        }
    }
    return match;
}

bool has_words(const Query& query) {
    return !query.words.empty() || std::ranges::any_of(query.filters, [](const Filter& filter) {
        return filter.field->kind == FieldKind::Name && !filter.values.empty();
    });
}

bool has_conditions_of(const Query& query, Level level) {
    const auto is_of = [&](const auto& one) { return one.field->level == level; };
    return std::ranges::any_of(query.filters, is_of) ||
           std::ranges::any_of(query.ranges, is_of);
}

bool has_sop_instance_uid(const Query& query) {
    return std::ranges::any_of(query.filters, [](const Filter& filter) {
        return filter.field->tag == dicom::tags::SOPInstanceUID;
    });
}

bool is_of_kinds(const Field& field) {
    return field.level == Level::Instance && field.tag != dicom::tags::SOPInstanceUID &&
           field.tag != dicom::tags::InstanceNumber;
}

const std::vector<Field>& fields_of_kinds() {
    static const std::vector<Field> kFields = [] {
        std::vector<Field> kept;
        std::ranges::copy_if(fields(), std::back_inserter(kept), is_of_kinds);
        return kept;
    }();
    return kFields;
}

}  // namespace larmor::index::search::embedded

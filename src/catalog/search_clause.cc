#include "catalog/search_clause.h"

#include <algorithm>
#include <bit>

#include "catalog/name_words.h"

namespace larmor::catalog {
namespace {

/// * and ? as LIKE has them; what LIKE has itself is escaped.
std::string to_like(std::string_view wildcard) {
    std::string like;
    for (const char c : wildcard) {
        if (c == '*') {
            like += '%';
        } else if (c == '?') {
            like += '_';
        } else {
            if (c == '%' || c == '_' || c == '\\') like += '\\';
            like += c;
        }
    }
    return like;
}

/// U+10FFFF, which is no character and the last of all: behind all that begins with a prefix.
constexpr std::string_view kBehindAll = "\xf4\x8f\xbf\xbf";

std::string begins_with(Clause& clause, std::string_view column, const std::string& prefix) {
    std::string sql(column);
    sql += " >= " + clause.parameter(prefix) + " AND ";
    sql += column;
    return sql + " < " + clause.parameter(prefix + std::string(kBehindAll));
}

/// With the range of what stands before the first wild card, since an index knows ranges only.
std::string like(Clause& clause, std::string_view column, const std::string& wildcard) {
    std::string sql(column);
    sql += " LIKE " + clause.parameter(to_like(wildcard)) + " ESCAPE '\\'";
    const auto prefix = wildcard.substr(0, wildcard.find_first_of("*?"));
    return prefix.empty() ? sql : begins_with(clause, column, prefix) + " AND " + sql;
}

/// Any of the values. Their count is filled up to a power of two, so that few texts of SQL are
/// prepared for lists of all lengths.
template <typename T>
std::string any_of(Clause& clause, std::string_view column, const std::vector<T>& values) {
    if (values.size() == 1) {
        return std::string(column) + " = " + clause.parameter(values.front());
    }
    std::string sql = std::string(column) + " IN (";
    const std::size_t count = std::bit_ceil(values.size());
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) sql += ", ";
        sql += clause.parameter(values[std::min(i, values.size() - 1)]);
    }
    return sql + ")";
}

/// Which name of the study, in the tables of name_words.h.
std::string name_of(std::string_view alias, Attribute attribute) {
    return std::string(alias) + ".attribute = " + std::to_string(name_words_number(attribute));
}

/// A name matches as a whole or by one of its groups (alphabetic, ideographic, phonetic).
/// Source: PS3.5 section 6.2.1.
std::string group_matches(Clause& clause, const Condition& condition) {
    return "t.id IN (SELECT g.study FROM person_name_groups g WHERE " +
           name_of("g", condition.attribute) + " AND " +
           column_matches(clause, "g.name", condition) + ")";
}

/// Every word begins one of the name's.
std::string words_match(Clause& clause, const Condition& condition) {
    std::string sql;
    for (const std::string& word : condition.values) {
        if (!sql.empty()) sql += " AND ";
        sql += "t.id IN (SELECT w.study FROM person_name_words w WHERE ";
        sql += name_of("w", condition.attribute) + " AND ";
        sql += like(clause, "w.word", word + '*') + ")";
    }
    return sql;
}

}  // namespace

std::string_view column_of(Attribute attribute) {
    switch (attribute) {
        case Attribute::StudyDate:
            return "t.study_date";
        case Attribute::StudyTime:
            return "t.study_time_key";
        case Attribute::AccessionNumber:
            return "t.accession_number";
        case Attribute::ReferringPhysicianName:
            return "t.referring_physician_name_folded";
        case Attribute::StudyDescription:
            return "t.study_description";
        case Attribute::PatientName:
            return "t.patient_name_folded";
        case Attribute::PatientID:
            return "t.patient_id";
        case Attribute::IssuerOfPatientID:
            return "t.issuer_of_patient_id";
        case Attribute::PatientBirthDate:
            return "t.patient_birth_date";
        case Attribute::PatientSex:
            return "t.patient_sex";
        case Attribute::StudyInstanceUID:
            return "t.study_instance_uid";
        case Attribute::StudyID:
            return "t.study_id";
        case Attribute::Modality:
            return "s.modality";
        case Attribute::SeriesDescription:
            return "s.series_description";
        case Attribute::BodyPartExamined:
            return "s.body_part_examined";
        case Attribute::Laterality:
            return "s.laterality";
        case Attribute::SeriesInstanceUID:
            return "s.series_instance_uid";
        case Attribute::SeriesNumber:
            return "s.series_number";
        case Attribute::SeriesDate:
            return "s.series_date";
        case Attribute::PerformedProcedureStepStartDate:
            return "s.pps_start_date";
        case Attribute::PerformedProcedureStepStartTime:
            return "s.pps_start_time_key";
        case Attribute::ScheduledProcedureStepID:
            return "r.scheduled_procedure_step_id";
        case Attribute::RequestedProcedureID:
            return "r.requested_procedure_id";
        case Attribute::SOPClassUID:
            return "i.sop_class_uid";
        case Attribute::SOPInstanceUID:
            return "i.sop_instance_uid";
        case Attribute::InstanceNumber:
            return "i.instance_number";
        case Attribute::NumberOfFrames:
            return "i.number_of_frames";
        case Attribute::Rows:
            return "i.rows";
        case Attribute::Columns:
            return "i.columns";
        case Attribute::BitsAllocated:
            return "i.bits_allocated";
        case Attribute::ModalitiesInStudy:
        case Attribute::NumberOfStudyRelatedSeries:
        case Attribute::NumberOfStudyRelatedInstances:
        case Attribute::NumberOfSeriesRelatedInstances:
            break;
    }
    return {};
}

std::string in_range(Clause& clause, std::string_view column, const Condition& condition) {
    const std::string name(column);
    std::string sql = name + " <> ''";
    if (!condition.from.empty())
        sql += " AND " + name + " >= " + clause.parameter(condition.from);
    if (!condition.to.empty()) sql += " AND " + name + " <= " + clause.parameter(condition.to);
    return sql;
}

std::string column_matches(Clause& clause, std::string_view column,
                           const Condition& condition) {
    switch (condition.kind) {
        case Condition::Kind::Exact:
            return any_of(clause, column, condition.values);
        case Condition::Kind::Wildcard:
            return like(clause, column, condition.values.front());
        case Condition::Kind::Range:
        case Condition::Kind::Begins:
            return in_range(clause, column, condition);
        case Condition::Kind::Number:
            return any_of(clause, column, condition.numbers);
        case Condition::Kind::Empty:
            return info_of(condition.attribute).matching == Matching::Integer
                       ? std::string(column) + " IS NULL"
                       : std::string(column) + " = ''";
        case Condition::Kind::Words:
            break;
    }
    return "0 = 1";
}

std::string matches(Clause& clause, const Condition& condition) {
    if (condition.kind == Condition::Kind::Words) return words_match(clause, condition);
    if (info_of(condition.attribute).matching == Matching::Name &&
        condition.kind != Condition::Kind::Empty) {
        return group_matches(clause, condition);
    }
    return column_matches(clause, column_of(condition.attribute), condition);
}

}  // namespace larmor::catalog

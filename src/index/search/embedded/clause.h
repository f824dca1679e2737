#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "db/transaction.h"
#include "index/search/query.h"

namespace larmor::index::search::embedded {

/// A statement that grows, with its parameters.
struct Clause {
    using Value = std::variant<std::int64_t, std::string>;
    std::string sql;
    std::vector<Value> values;

    /// `?7`, for a value that is bound later.
    std::string parameter(Value value);
    /// The statement with its values; `this` must outlive it.
    Result<db::Query> prepare(db::Snapshot& snapshot) const;
};

/// ` AND ...` for each filter and range of fields of patient, study and series, words apart.
/// With `+` before the alias no index is looked into for them.
void append_conditions(Clause& clause, const Query& query, std::string_view alias);
/// The same for those that `takes` holds of.
void append_conditions(Clause& clause, const Query& query, std::string_view alias,
                       bool (*takes)(const Field&));
/// The same for fields of instances.
void append_instance_conditions(Clause& clause, const Query& query, std::string_view alias);
/// The same for rows of instance_kinds: of a number and a UID of instances, what a kind that
/// has a match must meet.
void append_kind_conditions(Clause& clause, const Query& query, std::string_view alias);
/// The same of `instance_kinds k`, to find few by an index: by that of the only condition.
/// (SQLite does not know which of several leaves fewer.)
void append_indexed_kind_conditions(Clause& clause, const Query& query);
/// For MATCH of the table words; empty where none are looked for.
std::string words_to_match(const Query& query);

bool has_words(const Query& query);
bool has_conditions_of(const Query& query, Level level);
bool has_sop_instance_uid(const Query& query);
/// Of instances, and the same in all instances of a kind.
bool is_of_kinds(const Field& field);
/// All of those, which instance_kinds has columns of.
const std::vector<Field>& fields_of_kinds();

/// `s."StudyDate"`.
std::string column(std::string_view alias, const Field& field);

}  // namespace larmor::index::search::embedded

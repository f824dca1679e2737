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
void append_conditions(Clause& clause, const Query& query, std::string_view alias);
/// The same for fields of instances.
void append_instance_conditions(Clause& clause, const Query& query, std::string_view alias);
/// That an image set (alias s) has the words. Nothing where none are looked for.
void append_words(Clause& clause, const Query& query);

bool has_words(const Query& query);
bool has_conditions_of(const Query& query, Level level);
bool has_sop_instance_uid(const Query& query);

/// `s."StudyDate"`.
std::string column(std::string_view alias, const Field& field);

}  // namespace larmor::index::search::embedded

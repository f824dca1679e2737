#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "catalog/query.h"
#include "db/dialect.h"

namespace larmor::catalog {

/// A statement that grows, with its parameters. Internal to catalog, as all of this.
struct Clause {
    using Value = std::variant<std::int64_t, std::string>;
    std::string sql;
    std::vector<Value> values;
    db::Dialect dialect = db::Dialect::Sqlite;

    /// `?7`, for a value that is bound later.
    std::string parameter(Value value) {
        values.push_back(std::move(value));
        return "?" + std::to_string(values.size());
    }
    void both(const std::string& condition) { sql += " AND (" + condition + ")"; }
};

/// Where an attribute is matched; the aliases are those of read_rows.h, and `r` of
/// series_requests. Nothing for ModalitiesInStudy and the counts.
std::string_view column_of(Attribute attribute);

/// `column` against a condition of any kind but names and words; both ends of a range count.
std::string column_matches(Clause& clause, std::string_view column, const Condition& condition);
std::string in_range(Clause& clause, std::string_view column, const Condition& condition);

/// The condition on its own column or, for names, on the tables of their groups and words.
std::string matches(Clause& clause, const Condition& condition);

}  // namespace larmor::catalog

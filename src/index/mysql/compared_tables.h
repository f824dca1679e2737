#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/mysql/column.h"
#include "index/mysql/tables.h"
#include "index/target.h"

namespace larmor::index::mysql {

/// A table as a check sees it: each row with the study that it belongs to, a key that is unique
/// in that study, and all that the catalog says about it. Numbers of rows are not compared:
/// what they refer to is, by its key.
struct ComparedTable {
    struct Value {
        std::string name;
        std::string sql;
        const Column* column = nullptr;  ///< that it is written to, for attributes
    };
    std::string_view name;
    std::string from;  ///< the table and what it belongs to, up to `study t`
    std::string key;   ///< SQL
    std::vector<Value> values;

    /// SELECT larmor_study, larmor_key and the values of all its rows, without WHERE.
    std::string select() const;
    /// The same columns of another table that was made of them.
    std::string select_from(std::string_view other) const;
    /// The names of all its columns, with commas.
    std::string column_names() const;
    /// SQL: a number of 64 bits that says key and values of a row of `select`.
    std::string digest() const;
    /// SQL: a number of 64 bits that says a text.
    static std::string number_of(std::string_view text);
};

/// In the order of expected_rows. `tables` must outlive it. A row that says to be of later than
/// the newest of the studies is not as it should be: nothing would go over it any more.
std::vector<ComparedTable> compared_tables(const Tables& tables,
                                           std::span<const StudyDocuments> studies);

/// What should be there: study, key and values as text, in the order of ComparedTable. Values
/// of attributes are as the attribute has them.
using ExpectedRow = std::vector<std::optional<std::string>>;
/// The rows of table number `index` of compared_tables.
std::vector<ExpectedRow> expected_rows(std::size_t index, const Tables& tables,
                                       const StudyDocuments& study);

}  // namespace larmor::index::mysql

#pragma once
#include <span>
#include <string>
#include <vector>

#include "index/document.h"
#include "index/mysql/column.h"
#include "index/mysql/insert.h"

namespace larmor::index::mysql {

/// INSERTs of rows that go over rows of the same key unless those are newer: each row has where
/// the log stood when it was read, and an older one changes nothing.
class Upsert {
public:
    /// `keys` come first in every row, `own` next; neither is quoted again. Both are set where
    /// the row is as new or newer, but for those of `keys`. `columns` must outlive it.
    Upsert(Connection& connection, std::string_view table, const std::vector<std::string>& keys,
           const std::vector<std::string>& own, std::span<const Column> columns);

    /// `fields` are the keys and own columns as SQL.
    Result<void> add(std::span<const std::string> fields, const Values& values,
                     events::Position as_of);
    /// To be called behind the last row.
    Result<void> finish() { return insert_.finish(); }

    /// The columns in the order of a row, with commas.
    const std::string& columns() const { return names_; }

private:
    std::span<const Column> columns_;
    std::string names_;
    Insert insert_;
    std::string row_;
};

}  // namespace larmor::index::mysql

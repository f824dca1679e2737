#pragma once
#include <span>
#include <string>
#include <vector>

#include "index/document.h"
#include "index/mysql/column.h"
#include "index/mysql/connection.h"

namespace larmor::index::mysql {

/// Puts together one INSERT of rows that goes over rows of the same key unless they are newer:
/// each row has where the log stood when it was read, and an older one changes nothing.
class Upsert {
public:
    /// `keys` come first in every row, `own` next; neither is quoted again. Both are set where
    /// the row is as new or newer, but for those of `keys`. `primary_key` becomes the
    /// connection's last_insert_id.
    Upsert(const Connection& connection, std::string_view table, std::string_view primary_key,
           std::vector<std::string> keys, std::vector<std::string> own,
           std::span<const Column> columns);

    /// `fields` are the keys and own columns as SQL. True when the statement should be run
    /// before more is added.
    bool add(std::span<const std::string> fields, const Values& values, events::Position as_of);
    bool is_empty() const { return rows_.empty(); }
    /// The statement of what was added, which is forgotten.
    std::string take();

private:
    const Connection& connection_;
    std::span<const Column> columns_;
    std::string head_;
    std::string tail_;
    std::string rows_;
};

/// `'text'`, for keys, which are never cut: too long for its column, one is an error.
std::string quoted(const Connection& connection, std::string_view text);

}  // namespace larmor::index::mysql

#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "db/transaction.h"

namespace larmor::catalog {

/// Sees to it that no row number is given twice: a picture that is being made of a row that is
/// removed meanwhile must not find another instance there. SQLite gives the number behind the
/// highest that stands, which costs nothing; only where rows were ever removed is more to do.
/// PostgreSQL has sequences, which give none twice. Of the writer's thread.
class RowNumbers {
public:
    enum class Table : std::uint8_t { Studies, Series, ImageSets, Instances };

    static Result<RowNumbers> load(db::Snapshot& snapshot);
    /// How an INSERT takes what `next` gave as its parameter `?n`.
    static std::string value(db::Dialect dialect, std::string_view parameter, Table table);
    /// The number for a new row; nothing where the database may choose.
    Result<std::optional<std::int64_t>> next(db::Transaction& tx, Table table) const;
    /// A row is about to be removed.
    Result<void> removed(db::Transaction& tx, Table table, std::int64_t row);

private:
    static constexpr std::size_t kTables = 4;
    std::array<std::int64_t, kTables> last_removed_{};
};

}  // namespace larmor::catalog

#include "catalog/row_numbers.h"

#include <algorithm>
#include <string_view>

namespace larmor::catalog {
namespace {

struct TableText {
    std::string_view name;
    std::string_view highest;
};
/// In the order of RowNumbers::Table.
constexpr std::array<TableText, 4> kTableTexts = {
    {{"studies", "SELECT max(id) FROM studies"},
     {"series", "SELECT max(id) FROM series"},
     {"image_sets", "SELECT max(id) FROM image_sets"},
     {"instances", "SELECT max(id) FROM instances"}}};

}  // namespace

Result<RowNumbers> RowNumbers::load(db::Snapshot& snapshot) {
    RowNumbers numbers;
    TRY(db::Query query,
        snapshot.prepare("SELECT table_name, last_removed FROM catalog_rows_removed"));
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return numbers;
        const auto found =
            std::ranges::find(kTableTexts, query.text(0), [](const auto& t) { return t.name; });
        if (found == kTableTexts.end()) continue;
        numbers.last_removed_.at(static_cast<std::size_t>(found - kTableTexts.begin())) =
            query.int64(1);
    }
}

std::string RowNumbers::value(db::Dialect dialect, std::string_view parameter, Table table) {
    // A key that is NULL is one that SQLite chooses.
    std::string sql(parameter);
    if (dialect == db::Dialect::Sqlite) return sql;
    sql.insert(0, "coalesce(");
    sql += ", nextval('";
    sql += kTableTexts.at(static_cast<std::size_t>(table)).name;
    return sql + "_id_seq'))";
}

Result<std::optional<std::int64_t>> RowNumbers::next(db::Transaction& tx, Table table) const {
    if (tx.dialect() == db::Dialect::Postgres) return std::nullopt;
    const std::int64_t last_removed = last_removed_.at(static_cast<std::size_t>(table));
    if (last_removed == 0) return std::nullopt;
    TRY(db::Query query, tx.prepare(kTableTexts.at(static_cast<std::size_t>(table)).highest));
    TRY_VOID(query.next());
    if (query.int64(0) >= last_removed) return std::nullopt;
    return last_removed + 1;
}

Result<void> RowNumbers::removed(db::Transaction& tx, Table table, std::int64_t row) {
    if (tx.dialect() == db::Dialect::Postgres) return {};
    auto& last_removed = last_removed_.at(static_cast<std::size_t>(table));
    // Of a transaction that is rolled back it stays here: a gap in the numbers does no harm.
    last_removed = std::max(last_removed, row);
    TRY_VOID(
        tx.run("INSERT INTO catalog_rows_removed (table_name, last_removed) VALUES (?1, ?2)"
               " ON CONFLICT (table_name) DO UPDATE SET last_removed ="
               " max(last_removed, excluded.last_removed)",
               kTableTexts.at(static_cast<std::size_t>(table)).name, row));
    return {};
}

}  // namespace larmor::catalog

#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace larmor::db {

/// Whose SQL a text is written in. Most texts are good for both; where they can't be, a small
/// function beside the text chooses by this, so that each has one place.
enum class Dialect : std::uint8_t { Sqlite, Postgres };

/// Behind a SELECT whose rows the transaction is going to change: nobody else may meanwhile.
/// SQLite has one writer.
inline std::string for_update(Dialect dialect, std::string_view select) {
    std::string sql(select);
    if (dialect == Dialect::Postgres) sql += " FOR UPDATE";
    return sql;
}

/// A text in both dialects, made once.
///
///     static const db::DialectText kSql([](db::Dialect dialect) {
///         return "SELECT ..." + column(dialect);
///     });
///     TRY(db::Query query, tx.prepare(kSql(tx.dialect())));
class DialectText {
public:
    template <typename Make>
    explicit DialectText(Make make)
        : sqlite_(make(Dialect::Sqlite)), postgres_(make(Dialect::Postgres)) {}
    const std::string& operator()(Dialect dialect) const {
        return dialect == Dialect::Sqlite ? sqlite_ : postgres_;
    }

private:
    std::string sqlite_;
    std::string postgres_;
};

}  // namespace larmor::db

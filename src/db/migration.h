#pragma once
#include <span>
#include <string_view>

namespace larmor::db {

/// One step of a schema: run once, in a transaction, in the order of the names of all modules.
struct Migration {
    std::string_view
        name;  ///< `20260102T030405_catalog_what`: UTC time of writing, module, what
    std::string_view sql;  ///< for SQLite: statements separated by semicolons
    /// The same for PostgreSQL; empty where the module has no tables there.
    std::string_view postgres{};
};

/// All migrations of one module, sorted by name. Made by `larmor_migrations` (cmake) from its
/// folder `migrations/`, where each is `NAME.sql` for SQLite with `NAME.postgres.sql` beside
/// it; a file that was released is never edited again: the text's hash is kept and compared.
struct MigrationSet {
    std::string_view module;
    std::span<const Migration> migrations;
};

}  // namespace larmor::db

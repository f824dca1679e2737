#pragma once
#include <span>

#include "db/database.h"

namespace larmor::db::sqlite {

/// See Database::migrate.
Result<void> migrate(Database& database, std::span<const MigrationSet> sets);

}  // namespace larmor::db::sqlite

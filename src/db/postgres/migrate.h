#pragma once
#include <span>

#include "db/migration.h"
#include "db/postgres/connection.h"

namespace larmor::db::postgres {

/// See Database::migrate. On a connection of its own, without the limits of everyday work.
Result<void> migrate(Connection::Settings settings, std::span<const MigrationSet> sets);

}  // namespace larmor::db::postgres

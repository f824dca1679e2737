#pragma once
#include "index/mysql/connection.h"

namespace larmor::index::mysql {

/// Alters tables that an earlier version made, so that they are those of schema.sql; what they
/// hold stays. On a large table that takes as long as the server takes for it. How columns
/// compare their text is changed by nobody but the server's owner, since that can take hours.
/// Errors: Unavailable, with the statement to run, where a table compares otherwise and where
/// the server refuses a change.
Result<void> upgrade_tables(Connection& connection);

}  // namespace larmor::index::mysql

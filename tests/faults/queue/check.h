#pragma once
#include "db/database.h"
#include "queue/tests/history.h"

namespace larmor::queue::testing {

/// Adds to `history` what the database holds, and prints what no good queue can have done, then
/// one line of counts. Gives an exit code.
int check_history(db::Database& database, History history);

}  // namespace larmor::queue::testing

#pragma once
#include <cstdint>

#include "db/postgres/connection.h"

namespace larmor::db::postgres {

/// How a writer knows afterwards whether a commit whose answer was lost took place: each of its
/// transactions writes the commit's number into the writer's own row of `db_writers`.
///
/// The server's own answer, pg_xact_status, can't be relied on: an id whose first record was
/// not on disk when the server crashed is given again, and then tells of somebody else's
/// transaction. Two messages that were done came back in the first run of tests/faults/queue.

/// No two writers have the same but by an accident of 1 in 2^63.
std::int64_t random_writer_name();

/// Makes the table where it is missing, and the row. A transaction of its own.
Result<void> introduce_writer(Connection& connection, std::int64_t writer);

/// In the transaction, behind everything that it writes; nothing where it has written nothing.
/// Once this has returned, `last_commit` waits for the transaction's end.
Result<void> mark_commit(Connection& connection, std::int64_t writer, std::int64_t number);

/// The latest that took place, once none is going on. Errors: NotFound when the row was lost
/// with what was never durable.
Result<std::int64_t> last_commit(Connection& connection, std::int64_t writer);

}  // namespace larmor::db::postgres

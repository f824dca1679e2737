#include "db/postgres/commit_marks.h"

#include <limits>
#include <random>

namespace larmor::db::postgres {
namespace {

/// "Writer" as a number: the advisory lock under which the table is made.
constexpr std::int64_t kTableLock = 0x577269746572;

Result<bool> is_table_there(Connection& connection) {
    Query query = connection.prepare(
        "SELECT CASE WHEN to_regclass('db_writers') IS NULL THEN 0 ELSE 1 END::bigint");
    TRY_VOID(query.next());
    return query.int64(0) != 0;
}

/// Others do the same at the same moment, and IF NOT EXISTS alone is no answer to that.
Result<void> make_table(Connection& connection) {
    // One row a page or so: each is written all the time, by one process.
    return connection.run_script("BEGIN; SELECT pg_advisory_xact_lock(" +
                                 std::to_string(kTableLock) +
                                 ");"
                                 "CREATE TABLE IF NOT EXISTS db_writers"
                                 " (writer BIGINT PRIMARY KEY, last_commit BIGINT NOT NULL,"
                                 " seen TIMESTAMPTZ NOT NULL) WITH (fillfactor = 10);"
                                 "COMMIT");
}

}  // namespace

std::int64_t random_writer_name() {
    std::random_device device;
    return std::uniform_int_distribution<std::int64_t>(
        1, std::numeric_limits<std::int64_t>::max())(device);
}

Result<void> introduce_writer(Connection& connection, std::int64_t writer) {
    TRY(const bool is_there, is_table_there(connection));
    if (!is_there) {
        if (const auto made = make_table(connection); !made) {
            if (!connection.is_lost()) static_cast<void>(connection.run_script("ROLLBACK"));
            return made;
        }
    }
    // Those of processes that are long gone.
    TRY_VOID(
        connection.run_script("DELETE FROM db_writers WHERE seen < now() - interval '30 days';"
                              "INSERT INTO db_writers VALUES (" +
                              std::to_string(writer) + ", 0, now()) ON CONFLICT DO NOTHING"));
    return {};
}

Result<void> mark_commit(Connection& connection, std::int64_t writer, std::int64_t number) {
    // Without an id nothing was written, and looking for messages should write nothing either.
    Query query = connection.prepare(
        "UPDATE db_writers SET last_commit = ?2, seen = now()"
        " WHERE writer = ?1 AND pg_current_xact_id_if_assigned() IS NOT NULL");
    query.bind(writer, number);
    TRY_VOID(query.run());
    return {};
}

Result<std::int64_t> last_commit(Connection& connection, std::int64_t writer) {
    Query query =
        connection.prepare("SELECT last_commit FROM db_writers WHERE writer = ?1 FOR UPDATE");
    query.bind(writer);
    TRY(const bool row, query.next());
    if (!row) return fail(ErrorCode::NotFound, "the writer's row in db_writers is gone");
    return query.int64(0);
}

}  // namespace larmor::db::postgres

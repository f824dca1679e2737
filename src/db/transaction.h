#pragma once
#include <functional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "db/dialect.h"
#include "db/statement.h"

namespace larmor::db {

/// A consistent view of the library for reading. Used by one thread at a time.
class Snapshot {
public:
    virtual ~Snapshot() = default;
    /// Takes the statement from the connection's cache, keyed by the whole text, or prepares
    /// it. Use literal texts: a text made from values fills the cache and invites injection.
    /// Errors: InvalidInput (our SQL is wrong), Unavailable (the snapshot is older than its
    /// limit).
    virtual Result<Query> prepare(std::string_view sql) = 0;

    virtual Dialect dialect() const { return Dialect::Sqlite; }
    /// What time it is where the rows are: processes on several machines compare it with what
    /// another one wrote. A round trip where that is not here. Errors: as `prepare`.
    virtual Result<Time> now() { return system_clock().now(); }

    /// One statement without rows, prepared, bound and run. Gives the number of rows changed.
    template <typename... Values>
    Result<std::int64_t> run(std::string_view sql, const Values&... values) {
        TRY(Query query, prepare(sql));
        query.bind(values...);
        return query.run();
    }
    /// The same with Query::run_later.
    template <typename... Values>
    Result<void> run_later(std::string_view sql, const Values&... values) {
        TRY(Query query, prepare(sql));
        query.bind(values...);
        return query.run_later();
    }
};

/// A write transaction: the part of a group commit that belongs to one request. Lives on the
/// writer's thread, inside the function that was given to Database::write. That function gives
/// up after the first statement that fails: on PostgreSQL the request is lost with it.
class Transaction : public Snapshot {
public:
    /// Statements without parameters or rows, separated by semicolons: for migrations.
    virtual Result<void> run_script(std::string_view statements) = 0;

    /// `wait` is called on the writer's thread before the group's commit, after everything else
    /// that is written in it: for what must be durable before the rows that point at it, and
    /// whose sync goes on beside the statements. An error fails the group.
    virtual void commit_after(std::function<Result<void>()> wait) = 0;
    /// `undo` is called on the writer's thread, latest first, when what was done up to now is
    /// rolled back: with this request's savepoint, or with the whole group. It repairs memory
    /// (caches, counters) and must not touch the database.
    virtual void on_rollback(std::function<void()> undo) = 0;
    /// Called on the writer's thread, in order, after the group is durable and before anyone
    /// who waits for it goes on. It must be quick and must not touch the database.
    virtual void on_commit(std::function<void()> done) = 0;
};

}  // namespace larmor::db

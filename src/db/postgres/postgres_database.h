#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "db/database.h"

namespace larmor::db::postgres {

struct PostgresOptions {
    /// As libpq takes it: `postgres://user@host/name?sslmode=verify-full`, or words such as
    /// `host=/run/postgresql dbname=larmor`. A password is better off in ~/.pgpass.
    std::string url{};
    unsigned readers = 8;           ///< connections at most, and so reads at a time
    std::size_t queued_max = 8192;  ///< write requests that may wait; more are refused
    /// Requests in one commit: fewer than in a file, since what they lock others wait for.
    std::size_t group_max = 128;
    std::chrono::milliseconds read_limit{5000};     ///< no snapshot is held longer
    std::chrono::milliseconds reader_wait{5000};    ///< for a free connection and the server
    std::chrono::milliseconds write_limit{60'000};  ///< no transaction takes longer
    std::chrono::milliseconds lock_limit{20'000};   ///< no statement waits longer for a lock
    /// For a server that is gone (restarted): requests wait that long and then run again. While
    /// it stays away, later ones fail at once.
    std::chrono::milliseconds reconnect_wait{15'000};
};

struct PostgresStats {
    std::uint64_t reconnects = 0;  ///< of the writer
};

class PostgresDatabase : public Database {
public:
    virtual PostgresStats postgres_stats() const = 0;
};

/// True for what open_postgres takes as a URL: `postgres://` or `postgresql://`.
bool is_postgres_url(std::string_view text);

/// Opens a database that exists, of a server of version 14 or later; its tables come with
/// `migrate`. Any number of processes may have it open. One connection writes, in
/// read-committed transactions of many requests each; up to `readers` read, each in a snapshot
/// (repeatable read, read only). Errors: Unavailable (no server, no such database, refused:
/// with libpq's text), Unsupported (an old server, another encoding than UTF-8).
Result<std::unique_ptr<PostgresDatabase>> open_postgres(PostgresOptions options);

}  // namespace larmor::db::postgres

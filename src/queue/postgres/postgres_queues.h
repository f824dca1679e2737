#pragma once
#include <atomic>
#include <memory>

#include "queue/queues.h"

namespace larmor::queue::postgres {

struct PostgresQueuesOptions {
    /// Of the database, for hints between processes; empty: none.
    std::string url{};
    /// How often a waiting receive looks, whatever it is told.
    std::chrono::nanoseconds poll_every = std::chrono::seconds(1);
    /// How old the answer may be to what the time is, how a queue is set and whether something
    /// is due: 0 asks for each call. Another process may have changed it meanwhile; a clock
    /// does not drift in that time.
    std::chrono::microseconds known_for = std::chrono::milliseconds(20);
    /// How long receives that get all that they ask for go on from where the last one ended,
    /// by priority still, before one looks for older messages again: those of senders that were
    /// slow to commit, and those that another process gave back.
    std::chrono::microseconds goes_on_for = std::chrono::milliseconds(20);
    /// For tests: so many microseconds the server's wall clock was set forward.
    const std::atomic<std::int64_t>* server_step_us = nullptr;
};

/// Opens the queues of a library on PostgreSQL, whose migrations (`migrations()` of queues.h)
/// were applied; `database` outlives them. Any number of processes may have them open, and see
/// each other's queues and settings. A hint of a send reaches receivers of other processes by
/// NOTIFY, some 10 ms behind the commit; where it is lost they find the message by their poll.
Result<std::unique_ptr<Queues>> open_postgres_queues(db::Database& database,
                                                     const PostgresQueuesOptions& options);

}  // namespace larmor::queue::postgres

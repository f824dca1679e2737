#pragma once
#include "queue/sql_queue.h"
#include "queue/sqlite/queue_clock.h"

namespace larmor::queue::sqlite {

/// One queue. The library has one writer, so nothing is locked: a claim is a look at the
/// indexes and an update of each row.
class SqliteQueue final : public SqlQueue {
public:
    /// `clock` outlives it; `seed` makes its receipt handles its own.
    SqliteQueue(db::Database& database, QueueRow row, std::chrono::nanoseconds poll_every,
                const QueueClock& clock, std::uint64_t seed)
        : SqlQueue(database, std::move(row), poll_every), clock_(clock), deliveries_(seed) {}

    Result<QueueStats> stats() override;

protected:
    Result<Time> now(db::Transaction& tx) override;
    Result<Claimed> claim(Work& work, const ReceiveOptions& options) override;
    Result<Counted> count(Work& work, const Counts& change, std::int64_t ids) override;

private:
    struct Candidate;
    /// Lets what is due come back, some of it at a time; gives when the next is due.
    Result<std::optional<microseconds>> bring_back_due(Work& work, std::size_t messages_max);
    Result<std::vector<Candidate>> find_candidates(Work& work, const ReceiveOptions& options);
    Result<Message> deliver(Work& work, Candidate& candidate, const ReceiveOptions& options);
    std::int64_t next_delivery();

    const QueueClock& clock_;
    std::uint64_t deliveries_;  ///< on the writer's thread
};

}  // namespace larmor::queue::sqlite

#pragma once
#include "queue/sql_queue.h"
#include "queue/sqlite/queue_clock.h"

namespace larmor::queue::sqlite {

/// One queue. The library has one writer, so nothing is locked, and the row of counts, which
/// everybody changes, can give the numbers too.
class SqliteQueue final : public SqlQueue {
public:
    /// `clock` outlives it.
    SqliteQueue(db::Database& database, QueueRow row, std::chrono::nanoseconds poll_every,
                const QueueClock& clock)
        : SqlQueue(database, std::move(row), poll_every), clock_(clock) {}

protected:
    Result<Work> begin(db::Transaction& tx) override;
    Result<Time> now(db::Snapshot& snapshot) override;
    Result<Counted> count(Work& work, const Counts& change, std::int64_t ids) override;
    Result<MessageId> last_id(Work& work) override;

private:
    tl::unexpected<Error> gone() const;

    const QueueClock& clock_;
};

}  // namespace larmor::queue::sqlite

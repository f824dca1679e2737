#pragma once
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "db/postgres/notify_channel.h"
#include "queue/postgres/server_clock.h"
#include "queue/sql_queue.h"

namespace larmor::queue::postgres {

/// What the queues of a process share.
struct Shared {
    ServerClock clock;
    microseconds known_for{};    ///< PostgresQueuesOptions
    microseconds goes_on_for{};  ///< PostgresQueuesOptions
    const std::atomic<std::int64_t>* server_step_us = nullptr;
    /// Which of a queue's rows of counts this process writes.
    int slot = 0;
    /// To other processes, where there is one.
    std::unique_ptr<db::postgres::NotifyChannel> hints{};
};

/// One queue, at which other processes work too: what is taken is locked, others pass it by.
class PostgresQueue final : public SqlQueue {
public:
    /// `shared` outlives it.
    PostgresQueue(db::Database& database, QueueRow row, std::chrono::nanoseconds poll_every,
                  Shared& shared)
        : SqlQueue(database, std::move(row), poll_every), shared_(shared) {}

protected:
    Result<Work> begin(db::Transaction& tx) override;
    Result<bool> look_again(Work& work) override;
    Result<Time> now(db::Snapshot& snapshot) override;
    Result<Counted> count(Work& work, const Counts& change, std::int64_t ids) override;
    Result<MessageId> last_id(Work& work) override;
    void announced(std::int64_t messages) override {
        if (shared_.hints) shared_.hints->tell(std::to_string(id()), messages);
    }

    microseconds goes_on_for() const override { return shared_.goes_on_for; }
    void nothing_is_due() override {
        if (begun_) begun_->may_have_due = false;
    }

private:
    /// What calls begin with. Of the writer's thread.
    struct Begun {
        Time now;
        bool may_have_due = true;
        microseconds read_at{};  ///< uptime
        bool is_of_this_group = true;
    };
    Result<void> read_begun(db::Transaction& tx);

    Shared& shared_;
    std::optional<Begun> begun_;
};

/// The clock alone, where there is no queue yet.
Result<ClockReading> read_clock(db::Snapshot& snapshot, const Shared& shared);

}  // namespace larmor::queue::postgres

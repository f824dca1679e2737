#pragma once
#include <array>
#include <memory>

#include "async/sync_wait.h"
#include "db/tests/each_driver.h"
#include "jobs/dispatch.h"
#include "jobs/jobs.h"
#include "queue/postgres/postgres_queues.h"
#include "queue/sqlite/sqlite_queues.h"

namespace larmor::jobs::testing {

using namespace std::chrono_literals;
using db::testing::must;

/// Jobs and their queue, on each database.
class DispatchTest : public db::testing::EachDriver {
protected:
    void SetUp() override {
        EachDriver::SetUp();
        if (IsSkipped()) return;
        open();
    }
    /// As a process that starts again.
    void open() {
        queues_.reset();
        database_.reset();
        database_ = library_.open();
        must(database_->migrate(std::array{migrations(), queue::migrations()}));
        queues_ =
            GetParam() == db::Dialect::Sqlite
                ? must(queue::sqlite::open_sqlite_queues(*database_, {.poll_every = 10ms}))
                : must(queue::postgres::open_postgres_queues(*database_, {.poll_every = 10ms}));
        queue_ = must(queues_->create(kJobQueue, {.receive_count_max = 3}));
    }

    template <typename F>
    auto write(F f) {
        return database_->write_and_wait(std::move(f));
    }
    Result<Jobs::Created> dispatch(const NewJob& job) {
        return write(
            [&](db::Transaction& tx) { return jobs::dispatch(tx, jobs_, *queue_, job); });
    }
    JobId make(const std::string& kind, const std::string& parameters = "{}") {
        return must(dispatch({.kind = kind, .parameters = parameters, .created_by = "ada"}))
            .job.id;
    }
    Job find(JobId id) {
        return must(
            database_->read([&](db::Snapshot& snapshot) { return Jobs::find(snapshot, id); }));
    }
    Result<Job> cancel(JobId id) {
        return write([&](db::Transaction& tx) { return jobs_.cancel(tx, id); });
    }
    queue::QueueStats stats() { return must(queue_->stats()); }
    std::vector<queue::Message> receive() {
        const queue::ReceiveOptions options{.start = queue::Start::Later};
        return must(async::sync_wait(queue_->receive(options)));
    }

    async::Bell bell_{64};
    Jobs jobs_{system_clock(), 24h, &bell_};
    std::unique_ptr<db::Database> database_;
    std::unique_ptr<queue::Queues> queues_;
    queue::Queue* queue_ = nullptr;
};

}  // namespace larmor::jobs::testing

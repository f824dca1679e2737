#pragma once
#include <gtest/gtest.h>

#include "async/sync_wait.h"
#include "queue/tests/sqlite_queues_under_test.h"
#include "workers/pool.h"
#include "workers/tests/commit_watch.h"
#include "workers/tests/scripted_step.h"

namespace larmor::workers {

using namespace std::chrono_literals;

/// A queue of a real library with a clock that is moved by hand, and what a pool needs.
class PoolTest : public ::testing::Test {
protected:
    PoolTest() {
        under_test_.wrap_database([this](db::Database& real) {
            auto wrapped = std::make_unique<testing::CommitWatch>(real);
            watch_ = wrapped.get();
            return wrapped;
        });
        step_.notify([this] { watch_->notify(); });
        queue::testing::must(watch_->write_and_wait([](db::Transaction& tx) -> Result<void> {
            TRY_VOID(tx.run_script("CREATE TABLE results (body TEXT, delivery INTEGER)"));
            return {};
        }));
        use({.visibility_timeout = 10s, .receive_count_max = 3});
    }

    void use(const queue::QueueSettings& settings) {
        queue_ = queue::testing::must(
            under_test_.queues().create("queue-" + std::to_string(++queues_), settings));
    }
    void let_pass(std::chrono::microseconds time) {
        under_test_.let_pass(time);
        clock_.advance(time);
    }
    Services services() { return {*queue_, *watch_, step_, gate_, clock_}; }
    std::unique_ptr<Pool> make_pool(const PoolOptions& options = {}) {
        return queue::testing::must(Pool::create(services(), options));
    }
    std::unique_ptr<Pool> start_pool(const PoolOptions& options = {}) {
        auto pool = make_pool(options);
        pool->start();
        return pool;
    }
    static PoolOptions one_lane(const LaneOptions& lane) {
        PoolOptions options;
        options.lanes = {lane};
        return options;
    }

    void send(std::vector<queue::NewMessage> messages) {
        queue::testing::must(async::sync_wait(queue_->send(std::move(messages))));
    }
    void send(const std::string& body) { send({queue::NewMessage{.body = body}}); }
    void send_many(int count) {
        std::vector<queue::NewMessage> messages;
        for (int i = 0; i < count; ++i) messages.push_back({.body = std::to_string(i)});
        send(std::move(messages));
    }
    queue::QueueStats stats() { return queue::testing::must(queue_->stats()); }
    std::vector<queue::DeadLetter> dead_letters() {
        return queue::testing::must(queue_->list_dead_letters({}, 100));
    }
    void await(const std::function<bool()>& happened) { watch_->await(happened); }
    void await_empty() {
        await([this] { return stats().depth() == 0; });
    }
    std::int64_t results(const std::string& where = "1") {
        return db::testing::count(under_test_.database(),
                                  "SELECT count(*) FROM results WHERE " + where);
    }

    queue::testing::SqliteQueuesUnderTest under_test_{10ms};
    testing::CommitWatch* watch_ = nullptr;
    ManualClock clock_{Time{}};
    RunGate gate_;
    testing::ScriptedStep step_;
    queue::Queue* queue_ = nullptr;
    int queues_ = 0;
};

}  // namespace larmor::workers

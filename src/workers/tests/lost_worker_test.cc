#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "async/sync_wait.h"
#include "async/worker_pool.h"
#include "db/tests/temp_library.h"
#include "queue/sqlite/sqlite_queues.h"
#include "workers/pool.h"
#include "workers/tests/commit_watch.h"
#include "workers/tests/scripted_step.h"

namespace larmor::workers {
namespace {

using namespace std::chrono_literals;
using async::Task;
using db::testing::must;
using testing::ScriptedStep;

/// A clock that two processes see and one moves.
class SharedClock final : public Clock {
public:
    SharedClock()
        : microseconds_(static_cast<std::atomic<std::int64_t>*>(
              ::mmap(nullptr, sizeof(std::atomic<std::int64_t>), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
        LARMOR_CHECK(microseconds_ != MAP_FAILED);
    }
    Time now() const override { return Time(uptime()); }
    std::chrono::microseconds uptime() const override {
        return std::chrono::microseconds(microseconds_->load());
    }
    void advance(std::chrono::microseconds by) { *microseconds_ += by.count(); }

private:
    std::atomic<std::int64_t>* microseconds_;
};

/// Bytes from one process to another.
class Pipe {
public:
    Pipe() { LARMOR_CHECK(::pipe(ends_.data()) == 0); }
    ~Pipe() {
        for (const int end : ends_) ::close(end);
    }
    void tell() const {
        const char byte = '.';
        LARMOR_CHECK(::write(ends_[1], &byte, 1) == 1);
    }
    void listen() const {
        char byte = 0;
        LARMOR_CHECK(::read(ends_[0], &byte, 1) == 1);
    }

private:
    std::array<int, 2> ends_{};
};

struct Shared {
    SharedClock clock;
    Pipe running;  ///< a step began
    Pipe go_on;    ///< and may end
};

/// The library of one test, whose owner is a child process, one after the other.
class LostWorker : public ::testing::Test {
protected:
    struct Library {
        explicit Library(const LostWorker& test) : database(test.open()) {
            queues = must(queue::sqlite::open_sqlite_queues(
                *database, {.clock = &test.shared_.clock, .poll_every = 10ms}));
            queue = must(queues->create(
                "work", {.visibility_timeout = 10s, .receive_count_max = test.starts_max_}));
        }
        std::unique_ptr<db::sqlite::SqliteDatabase> database;
        std::unique_ptr<queue::Queues> queues;
        queue::Queue* queue;
    };

    void send_many(int count) {
        Library library(*this);
        must(library.database->write_and_wait([](db::Transaction& tx) -> Result<void> {
            TRY_VOID(tx.run_script("CREATE TABLE results (body TEXT, delivery INTEGER)"));
            return {};
        }));
        std::vector<queue::NewMessage> messages;
        for (int i = 0; i < count; ++i) messages.push_back({.body = std::to_string(i)});
        must(async::sync_wait(library.queue->send(std::move(messages))));
    }

    /// Works in a process of its own until the queue is empty.
    pid_t fork_worker() {
        const pid_t child = ::fork();
        LARMOR_CHECK(child >= 0);
        if (child > 0) return child;
        const rlimit no_core{};
        ::setrlimit(RLIMIT_CORE, &no_core);
        work_until_empty();
        ::_exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    /// Of a child: its exit code, or minus the signal that ended it.
    static int end_of(pid_t child) {
        int status = 0;
        LARMOR_CHECK(::waitpid(child, &status, 0) == child);
        return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    }

    std::int64_t count(const std::string& sql) {
        const auto database = open();
        return db::testing::count(*database, sql);
    }
    std::vector<queue::DeadLetter> dead_letters() {
        const Library library(*this);
        return must(library.queue->list_dead_letters({}, 100));
    }

    db::testing::TempDirectory directory_;
    Shared shared_;
    std::int64_t starts_max_ = 3;
    std::map<std::string, ScriptedStep::Script> scripts_;
    std::function<void()> on_run_ = [] {};

private:
    std::unique_ptr<db::sqlite::SqliteDatabase> open() const {
        auto database =
            must(db::sqlite::open_sqlite({.path = directory_.path() / "library.db"}));
        must(database->migrate(std::array{queue::migrations()}));
        return database;
    }
    void work_until_empty() {
        Library library(*this);
        testing::CommitWatch watch(*library.database);
        // Its writes are seen too.
        const auto queues = must(queue::sqlite::open_sqlite_queues(
            watch, {.clock = &shared_.clock, .poll_every = 10ms}));
        auto& queue = *must(queues->open("work"));
        ScriptedStep step;
        for (const auto& [body, script] : scripts_) step.on(body, script);
        step.notify(on_run_);
        RunGate gate;
        PoolOptions options;
        options.lanes = {{.batch_max = 40}};
        const auto pool =
            must(Pool::create({queue, watch, step, gate, shared_.clock}, options));
        pool->start();
        watch.await([&] { return must(queue.stats()).depth() == 0; });
        pool->stop(1min);
    }
};

TEST_F(LostWorker, WhatKillsItsWorkerIsDeadAloneAndTheOthersAreDoneOnce) {
    scripts_["17"] = [](queue::Message /*message*/,
                        async::CancelToken /*stop*/) -> Task<Result<Verdict>> { std::abort(); };
    send_many(40);
    int lost = 0;
    for (int end = -SIGABRT; end == -SIGABRT; lost += end == -SIGABRT ? 1 : 0) {
        ASSERT_LE(lost, 3);
        end = end_of(fork_worker());
        ASSERT_TRUE(end == 0 || end == -SIGABRT) << end;
    }
    EXPECT_EQ(lost, 3) << "as many as it may be started";
    EXPECT_EQ(count("SELECT count(*) FROM results"), 39);
    EXPECT_EQ(count("SELECT count(DISTINCT body) FROM results"), 39);
    const auto dead = dead_letters();
    ASSERT_EQ(dead.size(), 1U);
    EXPECT_EQ(dead[0].reason, queue::kWorkerLost);
    EXPECT_EQ(dead[0].start_count, 3);
}

TEST_F(LostWorker, NothingIsLostOrDoneTwiceWhereWorkersAreKilled) {
    starts_max_ = 1000;
    on_run_ = [this] { shared_.running.tell(); };
    send_many(200);
    for (int round = 0; round < 10; ++round) {
        const pid_t child = fork_worker();
        for (int runs = 0; runs <= round; ++runs) shared_.running.listen();
        ::kill(child, SIGKILL);
        EXPECT_EQ(end_of(child), -SIGKILL);
    }
    on_run_ = [] {};
    EXPECT_EQ(end_of(fork_worker()), 0);
    EXPECT_EQ(count("SELECT count(*) FROM results"), 200);
    EXPECT_EQ(count("SELECT count(DISTINCT body) FROM results"), 200);
    EXPECT_TRUE(dead_letters().empty());
}

/// Reads the pipe where blocking is allowed; writes which delivery this is.
Task<Result<Verdict>> first_waits(const Shared* shared, queue::Message message) {
    const auto verdict = ScriptedStep::written(message);
    if (message.receive_count > 1) co_return verdict;
    async::WorkerPool pool({.threads = 1});
    const auto told = co_await pool.run(async::Priority::Normal, [&] {
        shared->running.tell();
        shared->go_on.listen();
    });
    pool.stop();
    if (!told) co_return tl::unexpected(told.error());
    co_return verdict;
}

TEST_F(LostWorker, OneThatWasHeldPastItsVisibilityTimeoutChangesNothing) {
    scripts_["0"] = [this](queue::Message message, async::CancelToken /*stop*/) {
        return first_waits(&shared_, std::move(message));
    };
    send_many(1);
    const pid_t child = fork_worker();
    shared_.running.listen();
    ::kill(child, SIGSTOP);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
    ASSERT_TRUE(WIFSTOPPED(status));
    shared_.clock.advance(11s);
    ::kill(child, SIGCONT);
    shared_.go_on.tell();
    EXPECT_EQ(end_of(child), 0);
    EXPECT_EQ(count("SELECT count(*) FROM results"), 1);
    EXPECT_EQ(count("SELECT count(*) FROM results WHERE delivery = 2"), 1);
}

}  // namespace
}  // namespace larmor::workers

// queue_faults: what queues.py starts, kills and asks. Each prints `ready` when the clock of a
// kill may start.
//   prepare DATABASE HISTORY            makes the queue, sends poison among others
//   serve DATABASE HISTORY RUN          sends and works, for a database that one process has
//   send DATABASE HISTORY RUN           sends
//   work DATABASE HISTORY RUN           works
//   drain DATABASE HISTORY RUN          works until nothing is left
//   check DATABASE HISTORY...           judges, with nobody at work
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <optional>
#include <random>
#include <thread>

#include "async/sync_wait.h"
#include "db/postgres/postgres_database.h"
#include "db/sqlite/sqlite_database.h"
#include "faults/queue/check.h"
#include "faults/queue/faulty_step.h"
#include "faults/queue/recording_queue.h"
#include "queue/postgres/postgres_queues.h"
#include "queue/sqlite/sqlite_queues.h"
#include "workers/pool.h"

namespace larmor::queue::testing {
namespace {

using namespace std::chrono_literals;

constexpr microseconds kTimeout = 2s;
constexpr std::int64_t kStartsMax = 5;
/// A sender waits above that, so that draining takes some seconds at most.
constexpr std::int64_t kDepthMax = 400;

template <typename T>
T must(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "queue_faults: %s\n", result.error().message.c_str());
        ::_exit(1);
    }
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

std::unique_ptr<db::Database> open_database(const std::string& where) {
    if (db::postgres::is_postgres_url(where)) {
        return must(db::postgres::open_postgres({.url = where}));
    }
    return must(db::sqlite::open_sqlite({.path = where, .mmap_bytes = 0}));
}

/// A queue whose calls are written down.
struct Opened {
    Opened(const std::string& where, const std::string& history_path, int run)
        : real(open_database(where)), history(history_path, run), database(*real, history) {
        must(real->migrate(std::array{migrations()}));
        if (real->dialect() == db::Dialect::Postgres) {
            queues = must(postgres::open_postgres_queues(*real, {.poll_every = 50ms}));
        } else {
            queues = must(sqlite::open_sqlite_queues(*real, {.poll_every = 50ms}));
        }
        queue.emplace(*must(queues->create("work", {.visibility_timeout = kTimeout,
                                                    .receive_count_max = kStartsMax})),
                      database, history);
    }
    std::unique_ptr<db::Database> real;
    HistoryFile history;
    RecordingDatabase database;
    std::unique_ptr<Queues> queues;
    std::optional<RecordingQueue> queue;
};

void say_ready() {
    std::puts("ready");
    std::fflush(stdout);
}

/// Again until it is known to be sent: under one deduplication id it is sent once.
void send_surely(Queue& queue, const std::vector<NewMessage>& messages) {
    while (!async::sync_wait(queue.send(messages))) {
    }
}

NewMessage message_of(const std::string& body, microseconds delay, std::int32_t priority) {
    return {.body = body, .delay = delay, .deduplication_id = body, .priority = priority};
}

void send_for_ever(Queue& queue, const std::string& name) {
    std::minstd_rand random(static_cast<unsigned>(std::hash<std::string>{}(name)));
    for (int number = 0;;) {
        std::vector<NewMessage> messages(1 + random() % 20);
        for (auto& message : messages) {
            const microseconds delay = random() % 10 == 0 ? 200ms : 0ms;
            message = message_of(name + "." + std::to_string(number++), delay,
                                 static_cast<std::int32_t>(random() % 3));
        }
        send_surely(queue, messages);
        // Not knowing is no reason to stop: the server may be away.
        for (;;) {
            const auto stats = queue.stats();
            if (stats && stats->depth() < kDepthMax) break;
            std::this_thread::sleep_for(5ms);
        }
    }
}

void prepare(Opened& opened) {
    must(opened.real->write_and_wait(
        [](db::Transaction& tx) { return tx.run_script(kMakeEffects); }));
    std::vector<NewMessage> messages;
    for (int i = 0; i < 60; ++i) messages.push_back({.body = "n." + std::to_string(i)});
    for (const char* body : {"abort/1", "memory/1", "hang/1"}) {
        messages.insert(messages.begin() + static_cast<std::ptrdiff_t>(messages.size() / 3),
                        {.body = body});
    }
    send_surely(*opened.queue, messages);
}

/// What the process has now and some more: enough for work, and soon used up by poison.
void limit_memory() {
    long pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const auto now = static_cast<rlim_t>(pages) * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
    const rlimit memory{.rlim_cur = now + (512U << 20U), .rlim_max = now + (512U << 20U)};
    must(::setrlimit(RLIMIT_AS, &memory) == 0
             ? Result<void>()
             : fail(ErrorCode::Unavailable, "no limit of memory could be set"));
}

struct Worker {
    explicit Worker(Opened& opened) : step(*opened.queue) {
        workers::PoolOptions options;
        // Messages that hang keep their places, as often as they are started.
        options.lanes = {{.batch_max = 20, .concurrency_max = 8}};
        options.step_max = 1500ms;  // a machine that stands still for a second is no fault
        options.look_every = 100ms;
        pool =
            must(workers::Pool::create({*opened.queue, opened.database, step, gate}, options));
        pool->start();
    }
    FaultyStep step;
    workers::RunGate gate;
    std::unique_ptr<workers::Pool> pool;
};

[[noreturn]] void end_now(int code) {
    // A step that hangs is never over, so nothing here can be taken down.
    std::fflush(nullptr);
    ::_exit(code);
}

[[noreturn]] void drain(Opened& opened, Worker& worker) {
    for (;;) {
        const auto stats = opened.queue->stats();
        if (stats && stats->depth() == 0) break;
        std::this_thread::sleep_for(20ms);
    }
    worker.pool->stop(1s);
    end_now(0);
}

int run(const std::string& verb, const std::string& where,
        const std::vector<std::string>& rest) {
    if (verb == "check") {
        const auto database = open_database(where);
        History history;
        history.visibility_timeout = kTimeout;
        history.receive_count_max = kStartsMax;
        for (const auto& path : rest) read_history(path, history);
        return check_history(*database, std::move(history));
    }
    const int number = rest.size() > 1 ? std::stoi(rest[1]) : 0;
    const bool is_shared = db::postgres::is_postgres_url(where);
    Opened opened(where, rest.at(0), is_shared ? 0 : number);
    if (verb == "prepare") {
        prepare(opened);
        return 0;
    }
    const rlimit no_core{};
    ::setrlimit(RLIMIT_CORE, &no_core);
    std::optional<Worker> worker;
    if (verb != "send") {
        worker.emplace(opened);
        limit_memory();
    }
    say_ready();
    if (verb == "drain") drain(opened, *worker);
    if (verb != "work") send_for_ever(*opened.queue, "s" + std::to_string(number));
    for (;;) ::pause();
}

}  // namespace
}  // namespace larmor::queue::testing

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() < 3) {
        std::fputs("queue_faults VERB DATABASE HISTORY [RUN]: see main.cc\n", stderr);
        return 2;
    }
    return larmor::queue::testing::run(words[0], words[1], {words.begin() + 2, words.end()});
}

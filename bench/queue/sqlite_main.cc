// What the queue of an embedded library does, everything durable: sends, receives and removals
// a second, and what one receive costs by what else is in the queue. Prints one JSON object a
// line.
//
//     bench_queue_sqlite FOLDER [--rows N] [--seconds S] [--removals N] [--held SECONDS]
//         [--only-snapshot]
#include <sqlite3.h>

#include <CLI/CLI.hpp>

#include "queue/measure.h"

namespace larmor::bench {
namespace {

constexpr std::size_t kBatch = 10;
constexpr int kThreads = 8;

struct Plan {
    std::string folder;
    std::int64_t rows = 1'000'000;
    double seconds = 10;
    std::int64_t removals = 10'000'000;
    double held = 30;  ///< seconds for which a snapshot is held open
    bool only_snapshot = false;
};

/// A receive that takes one message, with its sync, again and again; what was received is sent
/// anew, so that there are as many all the time. With the share of it that the commit took.
void measure_receives(const char* what, Library& library, queue::Queue& queue, double seconds,
                      const queue::NewMessage& like) {
    Latencies latencies;
    const queue::ReceiveOptions options{};
    double commit_us = 0;
    const auto once = [&] {
        const auto before = library.database().stats().commit_us;
        const auto began = Steady::now();
        const auto received = must(async::sync_wait(queue.receive(options)));
        latencies.us.push_back(seconds_since(began) * 1e6);
        commit_us += static_cast<double>(library.database().stats().commit_us - before);
        if (!received.empty()) send_one_batch(queue, 1, like);
    };
    for (int i = 0; i < 50; ++i) once();
    latencies.us.clear();
    commit_us = 0;
    const auto start = Steady::now();
    while (seconds_since(start) < seconds) once();
    const double count = static_cast<double>(latencies.us.size());
    std::printf(R"({"what":"%s","receives":%.0f,"p50_us":%.0f,"p99_us":%.0f,"commit_us":%.0f})"
                "\n",
                what, count, latencies.at(0.5), latencies.at(0.99), commit_us / count);
    std::fflush(stdout);
}

/// An insert and a commit by SQLite alone, with the settings of our writer.
void measure_bare_sqlite(const std::filesystem::path& folder, double seconds) {
    sqlite3* handle = nullptr;
    const auto path = folder / "bare.db";
    const auto run = [&](const char* sql) {
        if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
            std::fprintf(stderr, "%s\n", sqlite3_errmsg(handle));
            std::_Exit(1);
        }
    };
    sqlite3_open(path.c_str(), &handle);
    run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, body BLOB)");
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(handle, "INSERT INTO t (body) VALUES (zeroblob(300))", -1, &insert,
                       nullptr);
    Latencies latencies;
    const auto start = Steady::now();
    while (seconds_since(start) < seconds) {
        const auto began = Steady::now();
        sqlite3_step(insert);
        sqlite3_reset(insert);
        latencies.us.push_back(seconds_since(began) * 1e6);
    }
    const double count = static_cast<double>(latencies.us.size());
    print_rate("bare SQLite insert and commit", count, seconds_since(start),
               std::move(latencies));
    sqlite3_finalize(insert);
    sqlite3_close(handle);
}

/// A snapshot that somebody else holds: the write-ahead log can't begin anew.
class HeldSnapshot {
public:
    explicit HeldSnapshot(const std::filesystem::path& library) {
        sqlite3_open(library.c_str(), &handle_);
        sqlite3_exec(handle_, "BEGIN; SELECT count(*) FROM queues", nullptr, nullptr, nullptr);
    }
    ~HeldSnapshot() { sqlite3_close(handle_); }
    HeldSnapshot(const HeldSnapshot&) = delete;
    HeldSnapshot& operator=(const HeldSnapshot&) = delete;

private:
    sqlite3* handle_ = nullptr;
};

void measure_with_a_snapshot(const Plan& plan, Library& library, queue::Queue& many,
                             const queue::NewMessage& like) {
    {
        const std::filesystem::path folder = plan.folder;
        const HeldSnapshot held(folder / "library.sqlite");
        const auto start = Steady::now();
        while (seconds_since(start) < plan.held) {
            send_one_batch(many, kBatch, like);
            receive_and_remove(many, kBatch);
        }
        measure_receives("receive, a snapshot held open", library, many, plan.seconds / 4,
                         like);
    }
    measure_receives("receive, the snapshot gone", library, many, plan.seconds / 4, like);
}

void run(const Plan& plan) {
    const std::filesystem::path folder = plan.folder;
    std::filesystem::create_directories(folder);
    const queue::NewMessage like{.body = std::string(kBodyBytes, 'x')};
    Library library({.folder = folder});
    const double seconds = plan.seconds;

    measure_bare_sqlite(folder, seconds / 2);
    auto& few = library.make("few");
    fill(few, 1000, like);
    measure_receives("receive, 1,000 waiting", library, few, seconds / 4, like);

    auto& many = library.make("many");
    const auto filling = Steady::now();
    fill(many, plan.rows, like);
    print_rate("fill, 1,000 a call", static_cast<double>(plan.rows), seconds_since(filling),
               {});
    measure_receives("receive, rows waiting", library, many, seconds / 4, like);
    if (plan.only_snapshot) return measure_with_a_snapshot(plan, library, many, like);
    measure_threads("single durable sends, 1 sender", 1, seconds / 2,
                    [&] { return send_one_batch(many, 1, like); });
    measure_threads("sends of 10, 8 senders", kThreads, seconds,
                    [&] { return send_one_batch(many, kBatch, like); });
    measure_threads("receive 10 and remove, 8 receivers", kThreads, seconds,
                    [&] { return receive_and_remove(many, kBatch); });

    auto& delayed = library.make("delayed");
    auto later = like;
    later.delay = 24h;
    fill(delayed, plan.rows, later);
    measure_receives("receive, rows delayed", library, delayed, seconds / 4, like);

    auto& fifo = library.make("fifo", true);
    auto of_group = like;
    of_group.message_group = "blocked";
    fill(fifo, plan.rows, of_group);
    measure_receives("receive, rows in one blocked group", library, fifo, seconds / 4,
                     of_group);

    measure_with_a_snapshot(plan, library, many, like);
    for (std::int64_t removed = 0; removed < plan.removals;) {
        const queue::ReceiveOptions options{.messages_max = 1000};
        const auto messages = must(async::sync_wait(many.receive(options)));
        std::vector<std::string> handles;
        for (const auto& message : messages) handles.push_back(message.receipt_handle);
        removed += static_cast<std::int64_t>(handles.size());
        must(async::sync_wait(many.send(batch_of(handles.size(), like))));
        must(async::sync_wait(many.remove(std::move(handles))));
    }
    measure_receives("receive, after removals", library, many, seconds / 4, like);
    measure_receives("receive, 1,000 waiting, again", library, few, seconds / 4, like);
    measure_bare_sqlite(folder, seconds / 4);
}

}  // namespace
}  // namespace larmor::bench

int main(int argc, char** argv) {
    larmor::bench::Plan plan;
    CLI::App app("measures the queue on SQLite");
    app.add_option("folder", plan.folder)->required();
    app.add_option("--rows", plan.rows);
    app.add_option("--seconds", plan.seconds);
    app.add_option("--removals", plan.removals);
    app.add_option("--held", plan.held);
    app.add_flag("--only-snapshot", plan.only_snapshot);
    CLI11_PARSE(app, argc, argv);
    larmor::bench::run(plan);
    return 0;
}

// What the queue of a library on PostgreSQL does, everything durable: sends, and messages
// through a pool of workers, one at a time and in batches, by several processes and by many
// receivers. Prints one JSON object a line.
//
//     bench_queue_postgres FOLDER URL [--rows N] [--seconds S] [--what NAME]...
//     bench_queue_postgres FOLDER URL --worker BATCH --concurrency N --seconds S
//
// `--what` runs only what has that name. The second form is one of several processes: it prints
// how many messages it did.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>

#include "queue/measure.h"
#include "workers/pool.h"

namespace larmor::bench {
namespace {

constexpr std::size_t kBatch = 100;

struct Plan {
    std::string program;
    std::string folder;
    std::string url;
    std::int64_t rows = 1'000'000;
    double seconds = 10;
    std::vector<std::string> what;  ///< names of what is measured; empty: everything
    std::size_t worker_batch = 0;   ///< above 0: one of several processes
    std::size_t concurrency = 8;
};

/// Does nothing, as the peer's task does.
class CountingStep final : public workers::Step {
public:
    async::Task<Result<workers::Verdict>> run(queue::Message /*message*/,
                                              async::CancelToken /*stop*/) override {
        ++done;
        co_return workers::Done{};
    }
    std::atomic<std::int64_t> done{0};
};

/// Messages through a pool for some seconds, each started, run and removed.
std::int64_t run_pool(Library& library, queue::Queue& queue, std::size_t batch,
                      std::size_t concurrency, double seconds) {
    CountingStep step;
    workers::PoolOptions options;
    options.lanes = {{.batch_max = batch,
                      .concurrency_max = concurrency,
                      .in_flight_max = batch == 1 ? 4 * concurrency : 8 * batch,
                      .start_with_batch = true}};
    const auto pool = must(workers::Pool::create({.queue = queue,
                                                  .database = library.database(),
                                                  .step = step,
                                                  .gate = library.core->run_gate()},
                                                 options));
    pool->start();
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    const std::int64_t done = step.done;
    pool->stop(5s);
    return done;
}

/// So many processes beside this one, each with a pool of its own. Gives their messages.
std::int64_t run_processes(const Plan& plan, int processes, std::size_t batch,
                           std::size_t concurrency) {
    const std::string command = plan.program + " " + plan.folder + " '" + plan.url +
                                "' --worker " + std::to_string(batch) + " --concurrency " +
                                std::to_string(concurrency) + " --seconds " +
                                std::to_string(plan.seconds);
    std::vector<FILE*> running;
    for (int i = 0; i < processes; ++i) running.push_back(::popen(command.c_str(), "r"));
    std::int64_t total = 0;
    for (FILE* const process : running) {
        long long done = 0;
        if (std::fscanf(process, "%lld", &done) == 1) total += done;
        ::pclose(process);
    }
    return total;
}

/// A library whose queue is filled, and what is measured on it.
class Bench {
public:
    explicit Bench(const Plan& plan) : plan_(plan) {
        const auto filling = Steady::now();
        fill(many_, plan.rows, like_);
        print_rate("fill, 1,000 a call", static_cast<double>(plan.rows), seconds_since(filling),
                   {});
    }

    void sends(const std::string& what, int senders, std::size_t batch) {
        if (!is_wanted(what)) return;
        measure_threads(what.c_str(), senders, plan_.seconds,
                        [&] { return send_one_batch(many_, batch, like_); });
    }
    void pool(const std::string& what, std::size_t batch, std::size_t concurrency) {
        if (!is_wanted(what)) return;
        fill_up();
        const auto done = run_pool(library_, many_, batch, concurrency, plan_.seconds);
        print_rate(what.c_str(), static_cast<double>(done), plan_.seconds, {});
    }
    void receivers(const std::string& what, int count) {
        if (!is_wanted(what)) return;
        fill_up();
        measure_threads(what.c_str(), count, plan_.seconds,
                        [&] { return receive_and_remove(many_, 1); });
    }
    void processes(const std::string& what, int count, std::size_t batch,
                   std::size_t concurrency) {
        if (!is_wanted(what)) return;
        fill_up();
        const auto done = run_processes(plan_, count, batch, concurrency);
        print_rate(what.c_str(), static_cast<double>(done), plan_.seconds, {});
    }

private:
    /// What was taken before is sent again.
    void fill_up() {
        const std::int64_t gone = plan_.rows - must(many_.stats()).depth();
        if (gone > 0) fill(many_, gone, like_);
    }
    bool is_wanted(const std::string& what) const {
        return plan_.what.empty() || std::ranges::count(plan_.what, what) > 0;
    }

    const Plan& plan_;
    const queue::NewMessage like_{.body = std::string(kBodyBytes, 'x')};
    Library library_{{.folder = plan_.folder, .database = plan_.url}};
    queue::Queue& many_ = library_.make("many");
};

void run(const Plan& plan) {
    Bench bench(plan);
    bench.sends("sends, one at a time, 8 senders", 8, 1);
    bench.sends("sends of 10, 8 senders", 8, 10);
    for (const std::size_t concurrency : {8, 64}) {
        const std::string by = ", " + std::to_string(concurrency) + " at a time";
        bench.pool("pool, one message a receive" + by, 1, concurrency);
        bench.pool("pool, 100 messages a receive" + by, kBatch, concurrency);
    }
    bench.receivers("receive 1 and remove, 8 receivers", 8);
    bench.receivers("receive 1 and remove, 64 receivers", 64);
    bench.processes("4 processes, one message a receive, 2 at a time each", 4, 1, 2);
    bench.processes("4 processes, 100 messages a receive, 2 at a time each", 4, kBatch, 2);
}

void run_worker(const Plan& plan) {
    Library library({.folder = plan.folder, .database = plan.url, .role = ProcessRole::Worker});
    auto& many = *must(library.core->queues().open("many"));
    std::printf("%lld\n", static_cast<long long>(run_pool(library, many, plan.worker_batch,
                                                          plan.concurrency, plan.seconds)));
}

}  // namespace
}  // namespace larmor::bench

int main(int argc, char** argv) {
    larmor::bench::Plan plan;
    plan.program = argv[0];
    CLI::App app("measures the queue on PostgreSQL");
    app.add_option("folder", plan.folder)->required();
    app.add_option("url", plan.url)->required();
    app.add_option("--rows", plan.rows);
    app.add_option("--seconds", plan.seconds);
    app.add_option("--what", plan.what);
    app.add_option("--worker", plan.worker_batch);
    app.add_option("--concurrency", plan.concurrency);
    CLI11_PARSE(app, argc, argv);
    plan.worker_batch > 0 ? larmor::bench::run_worker(plan) : larmor::bench::run(plan);
    return 0;
}

// What the queue of a library on PostgreSQL does, everything durable: sends, and messages
// through a pool of workers, one at a time and in batches, by several processes and by many
// receivers. Prints one JSON object a line.
//
//     bench_queue_postgres FOLDER URL [--rows N] [--seconds S]
//     bench_queue_postgres FOLDER URL --worker BATCH --concurrency N --seconds S
//
// The second form is one of several processes: it prints how many messages it did.
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
    std::size_t worker_batch = 0;  ///< above 0: one of several processes
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

void measure_pool(const char* what, Library& library, queue::Queue& queue, std::size_t batch,
                  std::size_t concurrency, double seconds) {
    const auto done = run_pool(library, queue, batch, concurrency, seconds);
    print_rate(what, static_cast<double>(done), seconds, {});
}

/// So many processes beside this one, each with a pool of its own.
void measure_processes(const char* what, const Plan& plan, int processes, std::size_t batch,
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
    print_rate(what, static_cast<double>(total), plan.seconds, {});
}

void run(const Plan& plan) {
    const queue::NewMessage like{.body = std::string(kBodyBytes, 'x')};
    Library library({.folder = plan.folder, .database = plan.url});
    auto& many = library.make("many");
    const auto filling = Steady::now();
    fill(many, plan.rows, like);
    print_rate("fill, 1,000 a call", static_cast<double>(plan.rows), seconds_since(filling),
               {});
    measure_threads("sends, one at a time, 8 senders", 8, plan.seconds,
                    [&] { return send_one_batch(many, 1, like); });
    measure_threads("sends of 10, 8 senders", 8, plan.seconds,
                    [&] { return send_one_batch(many, 10, like); });
    for (const std::size_t concurrency : {8, 64}) {
        const std::string by = ", " + std::to_string(concurrency) + " at a time";
        measure_pool(("pool, one message a receive" + by).c_str(), library, many, 1,
                     concurrency, plan.seconds);
        measure_pool(("pool, 100 messages a receive" + by).c_str(), library, many, kBatch,
                     concurrency, plan.seconds);
    }
    for (const int receivers : {8, 64}) {
        measure_threads(
            ("receive 1 and remove, " + std::to_string(receivers) + " receivers").c_str(),
            receivers, plan.seconds, [&] { return receive_and_remove(many, 1); });
    }
    measure_processes("4 processes, one message a receive, 2 at a time each", plan, 4, 1, 2);
    measure_processes("4 processes, 100 messages a receive, 2 at a time each", plan, 4, kBatch,
                      2);
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
    app.add_option("--worker", plan.worker_batch);
    app.add_option("--concurrency", plan.concurrency);
    CLI11_PARSE(app, argc, argv);
    plan.worker_batch > 0 ? larmor::bench::run_worker(plan) : larmor::bench::run(plan);
    return 0;
}

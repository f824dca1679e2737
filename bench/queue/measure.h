#pragma once
// What the benchmarks of the queue share: a whole library with 20 rules, and threads that are
// timed.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "async/sync_wait.h"
#include "events/rules.h"
#include "library/core.h"

namespace larmor::bench {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kBodyBytes = 300;

template <typename T>
T must(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "%s\n", result.error().message.c_str());
        std::_Exit(1);
    }
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

inline double seconds_since(Steady::time_point start) {
    return std::chrono::duration<double>(Steady::now() - start).count();
}

struct Latencies {
    std::vector<double> us;
    double at(double share) {
        if (us.empty()) return 0;
        const auto place = us.begin() + static_cast<std::ptrdiff_t>(
                                            share * static_cast<double>(us.size() - 1));
        std::nth_element(us.begin(), place, us.end());
        return *place;
    }
};

inline void print_rate(const char* what, double count, double seconds, Latencies latencies) {
    std::printf(R"({"what":"%s","per_second":%.0f,"p50_us":%.0f,"p99_us":%.0f})"
                "\n",
                what, count / seconds, latencies.at(0.5), latencies.at(0.99));
    std::fflush(stdout);
}

/// With the catalog and 20 rules, as a library that is used has them.
struct Library {
    explicit Library(const LibraryOptions& options) : core(must(Core::open(options))) {
        if (options.role == ProcessRole::Worker) return;
        const events::Rules rules;
        for (int i = 0; i < 20; ++i) {
            const std::string number = std::to_string(i);
            const events::RuleDraft draft{
                .name = "rule-" + number,
                .pattern = R"({"detail-type": ["Order )" + number + R"("]})",
                .targets = {{events::TargetKind::Queue, "orders"}}};
            must(core->database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
                TRY_VOID(rules.create(tx, draft));
                return {};
            }));
        }
    }
    queue::Queue& make(const std::string& name, bool fifo = false) {
        return *must(core->queues().create(
            name, {.fifo = fifo, .visibility_timeout = 1h, .receive_count_max = 1'000'000}));
    }
    db::Database& database() { return core->database(); }
    std::unique_ptr<Core> core;
};

inline std::vector<queue::NewMessage> batch_of(std::size_t count,
                                               const queue::NewMessage& like) {
    return std::vector<queue::NewMessage>(count, like);
}

inline void fill(queue::Queue& queue, std::int64_t rows, const queue::NewMessage& like) {
    for (std::int64_t sent = 0; sent < rows; sent += 1000) {
        const auto count = static_cast<std::size_t>(std::min<std::int64_t>(1000, rows - sent));
        must(async::sync_wait(queue.send(batch_of(count, like))));
    }
}

/// `step` gives how many messages it handled, 0 to end early. Runs it on so many threads until
/// the time is over.
template <typename F>
void measure_threads(const char* what, int thread_count, double seconds, F step) {
    std::mutex mutex;
    Latencies all;
    std::int64_t total = 0;
    const auto start = Steady::now();
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < thread_count; ++i) {
            threads.emplace_back([&] {
                Latencies mine;
                std::int64_t handled = 0;
                while (seconds_since(start) < seconds) {
                    const auto began = Steady::now();
                    const auto some = step();
                    if (some == 0) break;
                    handled += some;
                    mine.us.push_back(seconds_since(began) * 1e6);
                }
                const std::lock_guard lock(mutex);
                total += handled;
                all.us.insert(all.us.end(), mine.us.begin(), mine.us.end());
            });
        }
    }
    print_rate(what, static_cast<double>(total), seconds_since(start), std::move(all));
}

inline std::int64_t send_one_batch(queue::Queue& queue, std::size_t count,
                                   const queue::NewMessage& like) {
    must(async::sync_wait(queue.send(batch_of(count, like))));
    return static_cast<std::int64_t>(count);
}

inline std::int64_t receive_and_remove(queue::Queue& queue, std::size_t messages_max) {
    const queue::ReceiveOptions options{.messages_max = messages_max};
    const auto messages = must(async::sync_wait(queue.receive(options)));
    std::vector<std::string> handles;
    for (const auto& message : messages) handles.push_back(message.receipt_handle);
    must(async::sync_wait(queue.remove(std::move(handles))));
    return static_cast<std::int64_t>(messages.size());
}

}  // namespace larmor::bench

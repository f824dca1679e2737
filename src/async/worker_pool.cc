#include "async/worker_pool.h"

#include <sched.h>

#include "observe/metrics.h"

namespace larmor::async {
namespace {

constexpr std::string_view kPriorityNames[] = {"interactive", "normal", "background"};
constexpr unsigned kInteractiveInARowMax = 7;

std::size_t index_of(Priority priority) {
    return static_cast<std::size_t>(priority);
}

WorkerPool::Options with_counts(WorkerPool::Options options) {
    if (options.threads == 0)
        options.threads = std::max(1U, std::thread::hardware_concurrency());
    options.background_threads = std::max(1U, options.background_threads);
    return options;
}

}  // namespace

struct WorkerPool::Metrics {
    /// `threads` is how many of them each priority may have at a time.
    Metrics(const Options& options, const std::array<unsigned, kPriorities>& threads) {
        for (std::size_t i = 0; i < kPriorities; ++i) {
            const observe::Labels labels = {{"pool", options.name},
                                            {"priority", std::string(kPriorityNames[i])}};
            auto& registry = observe::metrics();
            queued[i] =
                &registry.gauge("larmor_pool_queued", "Work that waits for a thread.", labels);
            running[i] = &registry.gauge("larmor_pool_running", "Threads at work.", labels);
            refused[i] = &registry.counter("larmor_pool_refused_total",
                                           "Work refused because the queue was full.", labels);
            done[i] = &registry.counter("larmor_pool_done_total", "Work that was run.", labels);
            registry
                .gauge("larmor_pool_threads",
                       "Threads that work of this priority may have at a time.", labels)
                .set(threads[i]);
        }
    }
    std::array<observe::Gauge*, kPriorities> queued{};
    std::array<observe::Gauge*, kPriorities> running{};
    std::array<observe::Counter*, kPriorities> refused{};
    std::array<observe::Counter*, kPriorities> done{};
};

WorkerPool::WorkerPool(Options options) : options_(with_counts(std::move(options))) {
    const unsigned foreground = options_.threads + options_.readers_threads;
    metrics_ = std::make_unique<Metrics>(
        options_, std::array{foreground, options_.threads, options_.background_threads});
    for (unsigned i = 0; i < foreground; ++i) {
        threads_.emplace_back([this, i] {
            name_this_thread(options_.name + "-" + std::to_string(i));
            work(false);
        });
    }
    for (unsigned i = 0; i < options_.background_threads; ++i) {
        threads_.emplace_back([this, i] {
            name_this_thread(options_.name + "-bg-" + std::to_string(i));
            // Only processors that nobody else wants. Needs no privilege; if the kernel has no
            // such class, normal priority is correct too, only less polite.
            const sched_param param{};
            sched_setscheduler(0, SCHED_IDLE, &param);
            work(true);
        });
    }
}

WorkerPool::~WorkerPool() {
    stop();
}

void WorkerPool::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    foreground_ready_.notify_all();
    background_ready_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

bool WorkerPool::try_post(Priority priority, Work&& work, WhenFull when_full) {
    const auto index = index_of(priority);
    {
        const std::lock_guard lock(mutex_);
        auto& queue = queues_[index];
        if (stopping_ ||
            (when_full == WhenFull::Refuse && queue.size() >= options_.queue_max)) {
            metrics_->refused[index]->add();
            return false;
        }
        queue.push_back(std::move(work));
        metrics_->queued[index]->add();
    }
    (priority == Priority::Background ? background_ready_ : foreground_ready_).notify_one();
    return true;
}

std::size_t WorkerPool::queued(Priority priority) const {
    const std::lock_guard lock(mutex_);
    return queues_[index_of(priority)].size();
}

std::optional<Priority> WorkerPool::next(bool background) {
    if (background) {
        return queues_[index_of(Priority::Background)].empty()
                   ? std::nullopt
                   : std::optional(Priority::Background);
    }
    const bool interactive = !queues_[index_of(Priority::Interactive)].empty();
    const bool normal =
        !queues_[index_of(Priority::Normal)].empty() && normal_running_ < options_.threads;
    if (interactive && !(normal && interactive_in_a_row_ >= kInteractiveInARowMax)) {
        ++interactive_in_a_row_;
        return Priority::Interactive;
    }
    if (!normal) return std::nullopt;
    interactive_in_a_row_ = 0;
    return Priority::Normal;
}

void WorkerPool::work(bool background) {
    auto& ready = background ? background_ready_ : foreground_ready_;
    std::unique_lock lock(mutex_);
    while (true) {
        std::optional<Priority> priority;
        ready.wait(lock, [&] { return (priority = next(background)) || stopping_; });
        if (!priority) return;
        const auto index = index_of(*priority);
        Work item = std::move(queues_[index].front());
        queues_[index].pop_front();
        const bool is_normal = *priority == Priority::Normal;
        if (is_normal) ++normal_running_;
        lock.unlock();
        metrics_->queued[index]->sub();
        metrics_->running[index]->add();
        item();
        item = nullptr;
        metrics_->running[index]->sub();
        metrics_->done[index]->add();
        lock.lock();
        // Its place is free for another thread, which may have found it taken and gone to
        // sleep.
        if (is_normal && normal_running_-- == options_.threads) ready.notify_one();
    }
}

}  // namespace larmor::async

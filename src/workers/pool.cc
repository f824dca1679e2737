#include "workers/pool.h"

#include <future>
#include <numeric>

#include "async/executor.h"

namespace larmor::workers {

struct Pool::Core {
    Core(const Services& services, const PoolOptions& pool_options)
        : options(pool_options), thread("workers") {
        for (const auto& lane : options.lanes) {
            lanes.push_back(std::make_unique<Lane>(services, options, lane));
        }
    }

    static async::Task<void> run_lane(Lane* lane, std::promise<void>* ended) {
        co_await lane->run();
        ended->set_value();
    }
    // Shared: who waits may be gone before the other side has let go.
    template <typename T>
    using Promise = std::shared_ptr<std::promise<T>>;
    static async::Task<void> stop_lanes(Core* core, Promise<void> done) {
        for (const auto& lane : core->lanes) lane->stop();
        done->set_value();
        co_return;
    }
    static async::Task<void> give_up(Core* core, Promise<std::size_t> running) {
        for (const auto& lane : core->lanes) co_await lane->give_up();
        running->set_value(std::accumulate(
            core->lanes.begin(), core->lanes.end(), std::size_t{0},
            [](std::size_t sum, const auto& lane) { return sum + lane->running(); }));
    }

    const PoolOptions options;
    std::vector<std::unique_ptr<Lane>> lanes;
    std::vector<std::promise<void>> ends;
    std::vector<std::future<void>> ended;
    async::ThreadExecutor thread;
};

Result<std::unique_ptr<Pool>> Pool::create(const Services& services,
                                           const PoolOptions& options) {
    TRY_VOID(check_options(options));
    return std::unique_ptr<Pool>(new Pool(std::make_unique<Core>(services, options)));
}

Pool::Pool(std::unique_ptr<Core> core) : core_(std::move(core)) {}

Pool::~Pool() {
    stop(std::chrono::nanoseconds(0));
    for (auto& ended : core_->ended) ended.wait();
}

void Pool::start() {
    auto& core = *core_;
    LARMOR_CHECK(core.ends.empty());
    core.ends.resize(core.lanes.size());
    for (std::size_t i = 0; i < core.lanes.size(); ++i) {
        core.ended.push_back(core.ends[i].get_future());
        async::spawn(core.thread.executor(),
                     Core::run_lane(core.lanes[i].get(), &core.ends[i]));
    }
}

std::size_t Pool::stop(std::chrono::nanoseconds within) {
    auto& core = *core_;
    if (core.ends.empty()) return 0;
    const auto stopped = std::make_shared<std::promise<void>>();
    async::spawn(core.thread.executor(), Core::stop_lanes(&core, stopped));
    stopped->get_future().wait();
    const auto deadline = std::chrono::steady_clock::now() + within;
    bool all = true;
    for (auto& ended : core.ended) {
        if (ended.wait_until(deadline) != std::future_status::ready) all = false;
    }
    if (all) return 0;
    const auto running = std::make_shared<std::promise<std::size_t>>();
    async::spawn(core.thread.executor(), Core::give_up(&core, running));
    return running->get_future().get();
}

}  // namespace larmor::workers

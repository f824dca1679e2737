#include "workers/steps/preprocessor.h"

#include <condition_variable>
#include <mutex>

#include "observe/log.h"
#include "workers/pool.h"

namespace larmor::workers {
namespace {

/// A step ends after the instances that are being decoded.
constexpr std::chrono::seconds kStopWithin{10};
/// Another process may have done the last one.
constexpr std::chrono::seconds kLookEvery{1};
constexpr std::size_t kStepsMax = 4;
/// What arrives goes first: its writer is ours too. But what arrives all day holds up nobody
/// for ever.
constexpr std::chrono::milliseconds kArrivalsGoOn{20};
constexpr std::chrono::milliseconds kReceiveAtLeastEvery{500};
constexpr std::chrono::milliseconds kAskAgain{20};

}  // namespace

struct Preprocessor::Core {
    explicit Core(const Services& given) : services(given), step(given.step) {}

    PoolOptions pool_options() {
        PoolOptions options;
        options.lanes = interactive_and_bulk(1, kStepsMax);
        for (auto& lane : options.lanes) lane.start_with_batch = true;
        options.may_receive = [this]() -> Result<void> {
            TRY_VOID(ask_for_room());
            return let_arrivals_pass();
        };
        options.ask_again_every = kAskAgain;
        options.on_settled = [this] {
            const std::lock_guard lock(mutex);
            ++settled;
            changed.notify_all();
        };
        return options;
    }
    Result<void> ask_for_room() {
        auto room = services.admission.check(0);
        const std::lock_guard lock(mutex);
        if (room) {
            refused.reset();
        } else {
            if (!refused) {
                observe::log_warning("preprocessing waits", {{"reason", room.error().message}});
            }
            refused = room.error();
            changed.notify_all();
        }
        return room;
    }

    Result<void> let_arrivals_pass() {
        const auto now = system_clock().uptime();
        const std::lock_guard lock(mutex);
        if (services.arrivals.are_going_on(kArrivalsGoOn) &&
            now - received_at < kReceiveAtLeastEvery) {
            return fail(ErrorCode::Unavailable, "instances arrive");
        }
        received_at = now;
        return {};
    }

    const Services services;
    PrepareInstances step;
    std::mutex mutex;
    std::condition_variable changed;
    std::uint64_t settled = 0;
    bool stopping = false;
    std::chrono::microseconds received_at{};  ///< uptime
    std::optional<Error> refused;             ///< why nothing is received
    std::unique_ptr<Pool> pool;
};

Preprocessor::Preprocessor(const Services& services)
    : core_(std::make_unique<Core>(services)) {}

Preprocessor::~Preprocessor() {
    stop();
}

Result<void> Preprocessor::start() {
    auto& core = *core_;
    const auto& services = core.services.step;
    TRY(const std::size_t requested,
        preprocess::request_what_is_left(services.database, services.catalog, services.queue));
    if (requested > 0) observe::log_info("left to preprocess", {{"instances", requested}});
    TRY(core.pool, Pool::create({.queue = services.queue,
                                 .database = services.database,
                                 .step = core.step,
                                 .gate = core.services.gate},
                                core.pool_options()));
    core.pool->start();
    return {};
}

void Preprocessor::stop() {
    auto& core = *core_;
    {
        const std::lock_guard lock(core.mutex);
        core.stopping = true;
        core.changed.notify_all();
    }
    if (core.pool) core.pool->stop(kStopWithin);
}

Result<void> Preprocessor::wait_until_idle() {
    auto& core = *core_;
    for (;;) {
        std::uint64_t seen = 0;
        {
            const std::lock_guard lock(core.mutex);
            seen = core.settled;
            if (core.stopping) {
                return fail(ErrorCode::Unavailable, "preprocessing was stopped");
            }
        }
        TRY(const auto stats, core.services.step.queue.stats());
        if (stats.depth() == 0) return {};
        std::unique_lock lock(core.mutex);
        if (core.refused && core.refused->code == ErrorCode::NoSpace) {
            return tl::unexpected(*core.refused);
        }
        core.changed.wait_for(lock, kLookEvery,
                              [&] { return core.settled != seen || core.stopping; });
    }
}

}  // namespace larmor::workers

#include "workers/steps/cancel_watch.h"

namespace larmor::workers {

CancelWatch::CancelWatch(const RunJob::Services& services, std::chrono::milliseconds look_every,
                         jobs::JobId id, async::CancelToken stop)
    : services_(services), look_every_(look_every), id_(id), stop_(std::move(stop)) {
    // Without a place at the bell each piece that is recorded still tells.
    if (auto listener = services.bell.listen(to_int64(id))) {
        watching_.spawn(watch(*std::move(listener)));
    }
}

async::Task<void> CancelWatch::end() {
    has_ended_ = true;
    services_.bell.ring(to_int64(id_));
    co_await watching_.join();
}

async::Task<void> CancelWatch::watch(async::Bell::Listener listener) {
    for (;;) {
        const auto woken = co_await listener.wait(look_every_);
        if (has_ended_ || woken.is_closed) co_return;
        const bool cancel = co_await should_cancel();
        if (!cancel) continue;
        source_.cancel();
        co_return;
    }
}

async::Task<bool> CancelWatch::should_cancel() {
    if (stop_.cancelled()) co_return true;
    const auto job = co_await services_.pool.run(
        async::Priority::Interactive,
        [&] {
            return services_.database.read(
                [&](db::Snapshot& snapshot) { return jobs::Jobs::find(snapshot, id_); });
        },
        async::WhenFull::Wait);
    // Whoever can't read the row now, looks again.
    if (!job) co_return job.error().code == ErrorCode::NotFound;
    co_return job->cancel_requested || has_ended(job->state);
}

}  // namespace larmor::workers

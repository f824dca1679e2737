#include "events/retention.h"

#include "async/executor.h"
#include "observe/log.h"

namespace larmor::events {

Retention::Retention(db::Database& database, EventLog& log, Options options)
    : database_(database), log_(log), options_(options), clock_(*options.clock) {}

Retention::~Retention() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Retention::start() {
    thread_ = std::thread([this] { run(); });
}

bool Retention::is_stopping() {
    const std::lock_guard lock(mutex_);
    return is_stopping_;
}

Result<std::int64_t> Retention::drop_old() {
    const std::int64_t day = day_of(clock_.now() - options_.keep);
    std::int64_t events = 0;
    for (bool is_done = false; !is_done && !is_stopping();) {
        TRY(const EventLog::Dropped dropped, database_.write_and_wait([&](db::Transaction& tx) {
            return log_.drop_oldest(tx, day);
        }));
        events += dropped.events;
        is_done = dropped.is_done;
    }
    return events;
}

void Retention::run() {
    async::name_this_thread("event-retention");
    for (;;) {
        const auto dropped = drop_old();
        if (!dropped) {
            observe::log_error("drop events", {{"error", dropped.error().message}});
        } else if (*dropped > 0) {
            observe::log_info("events dropped", {{"events", *dropped}});
        }
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, options_.look_every, [&] { return is_stopping_; })) return;
    }
}

}  // namespace larmor::events

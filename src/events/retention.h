#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "db/database.h"
#include "events/event_log.h"

namespace larmor::events {

/// Keeps the log as long as it shall be kept: drops whole days, each a table, in a transaction
/// each. A wall clock that is set drops nothing early: time is counted as it passes, from when
/// this was made.
class Retention {
public:
    struct Options {
        std::chrono::days keep{90};  ///< of each event at least
        std::chrono::milliseconds look_every = std::chrono::hours(1);
        const Clock* clock = &system_clock();
    };
    /// Both must outlive it.
    Retention(db::Database& database, EventLog& log, Options options);
    /// Stops first.
    ~Retention();

    /// Starts the thread that looks, at once and then every so often.
    void start();
    /// One look, on the calling thread; gives how many events were dropped. Errors: those of
    /// the database.
    Result<std::int64_t> drop_old();

private:
    void run();
    bool is_stopping();

    db::Database& database_;
    EventLog& log_;
    const Options options_;
    const SteadyClock clock_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace larmor::events

#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "db/database.h"

namespace larmor::events {

struct Dropped {
    std::int64_t events = 0;
    bool is_done = false;  ///< nothing older than the day is left
};

/// Drops events at the old end of the log, at most `events_max` of those of days before `day`
/// (20260102), with what the inbox remembers of them. A number is never given again.
Result<Dropped> drop_some(db::Transaction& tx, std::int64_t day, std::size_t events_max);

/// Keeps the log as long as it shall be kept: drops whole days, a few thousand events a
/// transaction, so that writers do not wait. A wall clock that is set drops nothing early: time
/// is counted as it passes, from when this was made.
class Retention {
public:
    struct Options {
        std::chrono::days keep{90};  ///< of each event at least
        std::chrono::milliseconds look_every = std::chrono::hours(1);
        std::size_t events_at_once = 5000;
        const Clock* clock = &system_clock();
    };
    /// `database` must outlive it.
    Retention(db::Database& database, Options options);
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
    const Options options_;
    const SteadyClock clock_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace larmor::events

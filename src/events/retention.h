#pragma once
#include <chrono>
#include <cstdint>

#include "async/periodic.h"
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

    /// Starts the thread that looks, at once and then every so often.
    void start() { looking_.start(); }
    /// One look, on the calling thread; gives how many events were dropped. Errors: those of
    /// the database.
    Result<std::int64_t> drop_old();

private:
    void look();

    db::Database& database_;
    EventLog& log_;
    const Options options_;
    const SteadyClock clock_;
    async::Periodic looking_;
};

}  // namespace larmor::events

#include "events/retention.h"

#include "observe/log.h"

namespace larmor::events {

Retention::Retention(db::Database& database, EventLog& log, Options options)
    : database_(database),
      log_(log),
      options_(options),
      clock_(*options.clock),
      looking_("event-retention", options.look_every, [this] { look(); }) {}

Result<std::int64_t> Retention::drop_old() {
    const std::int64_t day = day_of(clock_.now() - options_.keep);
    std::int64_t events = 0;
    for (bool is_done = false; !is_done && !looking_.is_stopping();) {
        TRY(const EventLog::Dropped dropped, database_.write_and_wait([&](db::Transaction& tx) {
            return log_.drop_oldest(tx, day);
        }));
        events += dropped.events;
        is_done = dropped.is_done;
    }
    return events;
}

void Retention::look() {
    const auto dropped = drop_old();
    if (!dropped) {
        observe::log_error("drop events", {{"error", dropped.error().message}});
    } else if (*dropped > 0) {
        observe::log_info("events dropped", {{"events", *dropped}});
    }
}

}  // namespace larmor::events

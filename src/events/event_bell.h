#pragma once
#include <cstdint>

#include "async/bell.h"
#include "db/database.h"
#include "events/event_log.h"

namespace larmor::events {

/// The bell of the event log: rings when events were committed.
class EventBell : public async::Bell {
public:
    static constexpr std::size_t kListenersMax = 64;
    EventBell() : Bell(kListenersMax) {}

    /// Rings after each commit that made events. Call it after all that appends events
    /// before_commit; both must outlive the last write.
    void attach(db::Database& database, const EventLog& log);

private:
    std::int64_t rung_at_ = 0;  ///< the last event; of the writer's thread
};

}  // namespace larmor::events

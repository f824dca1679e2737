#include "events/event_bell.h"

#include <utility>

namespace larmor::events {

void EventBell::attach(db::Database& database, const EventLog& log) {
    rung_at_ = log.last().sequence;
    database.before_commit([this, &log](db::Transaction& tx) -> Result<void> {
        tx.on_commit([this, &log] {
            const std::int64_t last = log.last().sequence;
            if (last != std::exchange(rung_at_, last)) ring();
        });
        return {};
    });
}

}  // namespace larmor::events

#include "events/check.h"

#include <optional>

#include "events/event_tables.h"

namespace larmor::events {

Result<void> check_log(db::Check& check) {
    std::optional<std::int64_t> epoch;
    std::int64_t last = 0;
    TRY_VOID(check.database().read([&](db::Snapshot& snapshot) -> Result<void> {
        TRY(db::Query query,
            snapshot.prepare("SELECT epoch, dropped_sequence FROM event_log WHERE id = 1"));
        TRY(const bool row, query.next());
        if (!row) return {};
        epoch = query.int64(0);
        last = query.int64(1);
        return {};
    }));
    if (!epoch) {
        check.error("events", "the log has lost the row with its epoch");
        return {};
    }
    TRY(const auto tables, check.database().read(list_tables));
    std::int64_t last_epoch = 0;
    for (const EventTable& table : tables) {
        const auto check_row = [&](const db::Query& query) {
            const std::int64_t sequence = query.int64(0);
            const std::string where = "event " + std::to_string(sequence);
            if (sequence <= last) {
                check.error(where, "its number lies before the dropped ones' end");
                return true;
            }
            if (sequence != last + 1) {
                check.error(where, "the numbers from " + std::to_string(last + 1) +
                                       " up to it are missing");
            }
            if (query.int64(1) < last_epoch || query.int64(1) > *epoch) {
                check.error(where, "its epoch is not in order");
            }
            last = sequence;
            last_epoch = query.int64(1);
            return true;
        };
        TRY_VOID(check.for_each_row("SELECT sequence, epoch FROM " + table.name +
                                        " WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
                                    check_row));
    }
    return {};
}

}  // namespace larmor::events

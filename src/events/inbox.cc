#include "events/inbox.h"

namespace larmor::events {

Result<Accepted> accept_event(db::Transaction& tx, EventLog& log, const IncomingEvent& event,
                              const Source& own) {
    if (event.source == own.source || event.source.starts_with("larmor.")) {
        return fail(ErrorCode::Denied, "only this library speaks for its own source");
    }
    {
        TRY(db::Query query,
            tx.prepare("SELECT sequence FROM event_inbox WHERE source = ?1 AND id = ?2"));
        query.bind(event.source, event.id);
        TRY(const bool row, query.next());
        const bool is_numbered = tx.dialect() == db::Dialect::Sqlite;
        if (row) {
            return Accepted{.sequence = is_numbered ? query.int64(0) : 0, .is_duplicate = true};
        }
    }
    TRY(const Position position, log.append(tx, {.detail_type = event.type,
                                                 .detail = event.data,
                                                 .resource = "",
                                                 .subject_id = event.subject,
                                                 .source = event.source}));
    if (tx.dialect() == db::Dialect::Postgres) {
        // Its number comes later: remembered by the smallest that it can get, or it would be
        // forgotten as soon as anything is.
        TRY_VOID(
            tx.run("INSERT INTO event_inbox (source, id, sequence)"
                   " SELECT ?1, ?2, last_sequence + 1 FROM event_log WHERE id = 1",
                   event.source, event.id));
        return Accepted{};
    }
    TRY_VOID(tx.run("INSERT INTO event_inbox (source, id, sequence) VALUES (?1, ?2, ?3)",
                    event.source, event.id, position.sequence));
    return Accepted{.sequence = position.sequence};
}

Result<void> forget_dropped(db::Transaction& tx) {
    TRY_VOID(
        tx.run("DELETE FROM event_inbox WHERE sequence <="
               " (SELECT dropped_sequence FROM event_log WHERE id = 1)"));
    return {};
}

}  // namespace larmor::events

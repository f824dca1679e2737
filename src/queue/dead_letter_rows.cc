#include "queue/dead_letter_rows.h"

#include <algorithm>

#include "queue/late_rows.h"
#include "queue/message_id.h"

namespace larmor::queue {
namespace {

struct PurgedRow {
    std::int64_t id;
    State state;
    std::string message_group;
};

}  // namespace

Result<std::vector<DeadLetter>> read_dead_letters(db::Snapshot& snapshot, std::int64_t queue,
                                                  MessageId after, std::size_t limit) {
    TRY(db::Query query,
        snapshot.prepare("SELECT id, reason, last_error, dead_at, sent_at, receive_count,"
                         " start_count, schema_version, priority, message_group"
                         " FROM queue_dead_letters WHERE id > ?1 AND id < ?2"
                         " ORDER BY id LIMIT ?3"));
    query.bind(std::max(to_int64(after), before_ids_of(queue)), after_ids_of(queue), limit);
    std::vector<DeadLetter> letters;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return letters;
        letters.push_back({.id = MessageId(query.int64(0)),
                           .reason = query.string(1),
                           .last_error = query.string(2),
                           .dead_at = time_of(query.int64(3)),
                           .sent_at = time_of(query.int64(4)),
                           .receive_count = query.int64(5),
                           .start_count = query.int64(6),
                           .schema_version = static_cast<std::int32_t>(query.int64(7)),
                           .priority = static_cast<std::int32_t>(query.int64(8)),
                           .message_group = query.string(9)});
    }
}

Result<std::string> read_stored_body(db::Snapshot& snapshot, MessageId id) {
    TRY(db::Query query, snapshot.prepare("SELECT body FROM queue_bodies WHERE id = ?1"));
    query.bind(to_int64(id));
    TRY(const bool row, query.next());
    if (!row) {
        return fail(ErrorCode::NotFound, "no message " + std::to_string(to_int64(id)));
    }
    return to_string(query.blob(0));
}

Result<bool> redrive_letter(Work& work, MessageId letter, MessageId as) {
    std::string group;
    NewRow row{.id = as, .message_group = {}};
    {
        TRY(db::Query query,
            work.tx.prepare("DELETE FROM queue_dead_letters WHERE id = ?1"
                            " RETURNING schema_version, priority, message_group"));
        query.bind(to_int64(letter));
        TRY(const bool there, query.next());
        if (!there) return false;
        row.schema_version = static_cast<std::int32_t>(query.int64(0));
        row.priority = static_cast<std::int32_t>(query.int64(1));
        group = query.string(2);
    }
    row.message_group = group;
    TRY_VOID(work.tx.run_later("UPDATE queue_bodies SET id = ?2 WHERE id = ?1",
                               to_int64(letter), to_int64(as)));
    --work.change.dead;
    if (work.settings.fifo) TRY_VOID(lock_group(work, group));
    TRY_VOID(insert_message(work, row));
    TRY_VOID(note_late(work, as));
    return true;
}

Result<std::int64_t> purge_messages(Work& work, MessageId last, std::size_t limit) {
    std::vector<PurgedRow> rows;
    {
        // The newest first: what blocks a group goes last.
        TRY(db::Query query,
            work.tx.prepare("DELETE FROM queue_messages WHERE id IN (SELECT id FROM"
                            " queue_messages WHERE id > ?1 AND id <= ?2"
                            " ORDER BY id DESC LIMIT ?3) RETURNING id, state, message_group"));
        query.bind(before_ids_of(work.queue), to_int64(last), limit);
        for (;;) {
            TRY(const bool row, query.next());
            if (!row) break;
            rows.push_back(
                {query.int64(0), static_cast<State>(query.int64(1)), query.string(2)});
        }
    }
    for (const auto& row : rows) {
        TRY_VOID(work.tx.run_later("DELETE FROM queue_bodies WHERE id = ?1", row.id));
        work.change.add(row.state, -1);
        if (work.settings.fifo && row.state != State::Behind) {
            TRY_VOID(promote_next(work, row.message_group));
        }
    }
    return static_cast<std::int64_t>(rows.size());
}

Result<std::int64_t> purge_letters(Work& work, MessageId last, std::size_t limit) {
    std::vector<std::int64_t> ids;
    {
        TRY(db::Query query,
            work.tx.prepare("DELETE FROM queue_dead_letters WHERE id IN (SELECT id FROM"
                            " queue_dead_letters WHERE id > ?1 AND id <= ?2 ORDER BY id"
                            " LIMIT ?3) RETURNING id"));
        query.bind(before_ids_of(work.queue), to_int64(last), limit);
        for (;;) {
            TRY(const bool row, query.next());
            if (!row) break;
            ids.push_back(query.int64(0));
        }
    }
    for (const auto id : ids) {
        TRY_VOID(work.tx.run_later("DELETE FROM queue_bodies WHERE id = ?1", id));
    }
    const auto count = static_cast<std::int64_t>(ids.size());
    work.change.dead -= count;
    return count;
}

}  // namespace larmor::queue

#include "queue/late_rows.h"

#include "queue/message_id.h"

namespace larmor::queue {

Result<void> note_late(Work& work, MessageId id) {
    return work.tx.run_later("INSERT INTO queue_late (id) VALUES (?1)", to_int64(id));
}

Result<void> forget_late(Work& work, std::size_t limit) {
    return work.tx.run_later(
        "DELETE FROM queue_late WHERE id IN (SELECT l.id FROM queue_late l"
        " WHERE l.id > ?1 AND l.id < ?2"
        " AND NOT EXISTS (SELECT 1 FROM queue_messages m WHERE m.id = l.id)"
        " AND NOT EXISTS (SELECT 1 FROM queue_dead_letters d WHERE d.id = l.id)"
        " ORDER BY l.id LIMIT ?3)",
        before_ids_of(work.queue), after_ids_of(work.queue), limit);
}

Result<std::vector<Unfinished>> read_oldest(db::Snapshot& snapshot, std::int64_t queue,
                                            std::size_t head_bytes) {
    // A body is there for as long as its message or dead letter is.
    TRY(db::Query query,
        snapshot.prepare(
            "SELECT b.id, 0, substr(b.body, 1, ?3) FROM queue_bodies b WHERE b.id ="
            " (SELECT m.id FROM queue_messages m WHERE m.id > ?1 AND m.id < ?2 AND NOT EXISTS"
            " (SELECT 1 FROM queue_late l WHERE l.id = m.id) ORDER BY m.id LIMIT 1)"
            " UNION ALL SELECT b.id, 1, substr(b.body, 1, ?3) FROM queue_bodies b WHERE b.id ="
            " (SELECT d.id FROM queue_dead_letters d WHERE d.id > ?1 AND d.id < ?2 AND NOT"
            " EXISTS (SELECT 1 FROM queue_late l WHERE l.id = d.id) ORDER BY d.id LIMIT 1)"
            " UNION ALL SELECT b.id, CASE WHEN EXISTS (SELECT 1 FROM queue_dead_letters d"
            " WHERE d.id = b.id) THEN 1 ELSE 0 END, substr(b.body, 1, ?3)"
            " FROM queue_late l JOIN queue_bodies b ON b.id = l.id"
            " WHERE l.id > ?1 AND l.id < ?2"));
    query.bind(before_ids_of(queue), after_ids_of(queue),
               static_cast<std::int64_t>(head_bytes));
    std::vector<Unfinished> oldest;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return oldest;
        oldest.push_back({.id = MessageId(query.int64(0)),
                          .head = to_string(query.blob(2)),
                          .is_dead = query.int64(1) != 0});
    }
}

}  // namespace larmor::queue

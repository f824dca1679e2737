#include "queue/sqlite/sqlite_queue.h"

#include "queue/message_id.h"

namespace larmor::queue::sqlite {

Result<Work> SqliteQueue::begin(db::Transaction& tx) {
    return Work{.tx = tx, .queue = id(), .settings = settings(), .now = clock_.now()};
}

Result<Time> SqliteQueue::now(db::Snapshot& /*snapshot*/) {
    return clock_.now();
}

Result<SqlQueue::Counted> SqliteQueue::count(Work& work, const Counts& change,
                                             std::int64_t ids) {
    if (ids == 0) {
        // As below; SQLite keeps a row that is RETURNED in a table of its own for a moment.
        TRY(const std::int64_t changed,
            work.tx.run(
                "UPDATE queue_counts SET waiting = waiting + ?2, delayed = delayed + ?3,"
                " in_flight = in_flight + ?4, dead = dead + ?5, last_time = ?6"
                " WHERE queue = ?1",
                work.queue, change.waiting, change.delayed, change.in_flight, change.dead,
                to_stored(work.now)));
        if (changed == 0) return gone();
        return Counted();
    }
    TRY(db::Query query,
        work.tx.prepare(
            "UPDATE queue_counts SET waiting = waiting + ?2, delayed = delayed + ?3,"
            " in_flight = in_flight + ?4, dead = dead + ?5,"
            " last_number = last_number + ?6, last_time = ?7 WHERE queue = ?1"
            " RETURNING last_number, waiting + delayed + in_flight"));
    query.bind(work.queue, change.waiting, change.delayed, change.in_flight, change.dead, ids,
               to_stored(work.now));
    TRY(const bool row, query.next());
    if (!row) return gone();
    Counted counted;
    counted.depth = query.int64(1);
    for (std::int64_t left = ids; left > 0; --left) {
        counted.ids.push_back(make_id(work.queue, query.int64(0) - left + 1));
    }
    return counted;
}

tl::unexpected<Error> SqliteQueue::gone() const {
    return fail(ErrorCode::NotFound, "the queue " + name() + " is gone");
}

Result<MessageId> SqliteQueue::last_id(Work& work) {
    TRY(db::Query query,
        work.tx.prepare("SELECT last_number FROM queue_counts WHERE queue = ?1"));
    query.bind(work.queue);
    TRY(const bool row, query.next());
    if (!row) return gone();
    return make_id(work.queue, query.int64(0));
}

}  // namespace larmor::queue::sqlite

#include "queue/postgres/postgres_queue.h"

#include "queue/message_id.h"

namespace larmor::queue::postgres {
namespace {

microseconds uptime() {
    return system_clock().uptime();
}

/// How much a test has set the server's clock.
std::int64_t server_step_of(const Shared& shared) {
    return shared.server_step_us != nullptr ? shared.server_step_us->load() : 0;
}

/// The first three columns of a clock's row.
ClockReading reading_of(const db::Query& query, std::int64_t server_step, microseconds asked) {
    return {.server = microseconds(query.int64(0) + server_step),
            .offset = microseconds(query.int64(1)),
            .version = query.int64(2),
            .asked = asked,
            .answered = uptime()};
}

}  // namespace

Result<ClockReading> read_clock(db::Snapshot& snapshot, const Shared& shared) {
    TRY(db::Query query,
        snapshot.prepare(
            "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT),"
            " offset_us, version FROM queue_clock WHERE id = 1"));
    const microseconds asked = uptime();
    TRY(const bool row, query.next());
    if (!row) return fail(ErrorCode::Corrupt, "the queues have lost the row of their clock");
    return reading_of(query, server_step_of(shared), asked);
}

/// Clock, settings and whether something is due in one round trip, for all calls of some
/// milliseconds.
Result<Work> PostgresQueue::begin(db::Transaction& tx) {
    const bool is_known = begun_ && uptime() - begun_->read_at < shared_.known_for;
    if (!is_known) TRY_VOID(read_begun(tx));
    return Work{.tx = tx,
                .queue = id(),
                .settings = settings(),
                .now = begun_->now + (uptime() - begun_->read_at),
                .may_have_due = begun_->may_have_due};
}

Result<bool> PostgresQueue::look_again(Work& work) {
    if (begun_ && begun_->is_of_this_group) return false;
    TRY_VOID(read_begun(work.tx));
    work.settings = settings();
    work.now = begun_->now;
    work.may_have_due = begun_->may_have_due;
    return true;
}

Result<void> PostgresQueue::read_begun(db::Transaction& tx) {
    begun_.reset();
    Begun begun;
    ClockReading reading;
    {
        TRY(db::Query query,
            tx.prepare("WITH t AS MATERIALIZED (SELECT CAST(extract(epoch FROM"
                       " clock_timestamp()) * 1000000 AS BIGINT) AS us)"
                       " SELECT t.us, c.offset_us, c.version, q.fifo, q.visibility_timeout,"
                       " q.receive_count_max, q.deduplication_window, q.depth_max,"
                       " CASE WHEN EXISTS (SELECT 1 FROM queue_messages m WHERE m.queue = ?1"
                       " AND m.state = 1 AND m.hidden_until <= t.us + c.offset_us + ?2)"
                       " OR EXISTS (SELECT 1 FROM queue_messages m WHERE m.queue = ?1"
                       " AND m.state = 2 AND m.hidden_until <= t.us + c.offset_us + ?2)"
                       " THEN 1 ELSE 0 END"
                       " FROM t, queue_clock c, queues q WHERE c.id = 1 AND q.id = ?1"));
        const std::int64_t server_step = server_step_of(shared_);
        query.bind(id(), server_step);
        const microseconds asked = uptime();
        TRY(const bool row, query.next());
        if (!row) return fail(ErrorCode::NotFound, "the queue " + name() + " is gone");
        reading = reading_of(query, server_step, asked);
        set_settings({.fifo = query.int64(3) != 0,
                      .visibility_timeout = microseconds(query.int64(4)),
                      .receive_count_max = query.int64(5),
                      .deduplication_window = microseconds(query.int64(6)),
                      .depth_max = query.int64(7)});
        begun.may_have_due = query.int64(8) != 0;
    }
    TRY(begun.now, shared_.clock.time_of(tx, reading));
    // The clock was corrected: what is due is another question now.
    if (begun.now != ServerClock::time_of(reading)) begun.may_have_due = true;
    begun.read_at = reading.answered;
    begun_ = begun;
    tx.on_commit([this] {
        if (begun_) begun_->is_of_this_group = false;
    });
    // It may have corrected the clock.
    tx.on_rollback([this] { begun_.reset(); });
    return {};
}

Result<Time> PostgresQueue::now(db::Snapshot& snapshot) {
    TRY(const ClockReading reading, read_clock(snapshot, shared_));
    return ServerClock::time_of(reading);
}

Result<SqlQueue::Counted> PostgresQueue::count(Work& work, const Counts& change,
                                               std::int64_t ids) {
    TRY_VOID(work.tx.run_later(
        "INSERT INTO queue_counts (queue, slot, waiting, delayed, in_flight, dead, last_time,"
        " sent) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (queue, slot) DO UPDATE SET"
        " waiting = queue_counts.waiting + excluded.waiting,"
        " delayed = queue_counts.delayed + excluded.delayed,"
        " in_flight = queue_counts.in_flight + excluded.in_flight,"
        " dead = queue_counts.dead + excluded.dead,"
        " last_time = greatest(queue_counts.last_time, excluded.last_time),"
        " sent = queue_counts.sent + excluded.sent",
        work.queue, shared_.slot, change.waiting, change.delayed, change.in_flight, change.dead,
        to_stored(work.now), ids));
    Counted counted;
    if (ids == 0) return counted;
    TRY(db::Query query,
        work.tx.prepare("SELECT nextval('queue_numbers'),"
                        " (SELECT CAST(sum(waiting + delayed + in_flight) AS BIGINT)"
                        " FROM queue_counts WHERE queue = ?1)"
                        " FROM generate_series(1, CAST(?2 AS BIGINT))"));
    query.bind(work.queue, ids);
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return counted;
        counted.ids.push_back(make_id(work.queue, query.int64(0)));
        counted.depth = query.int64(1);
    }
}

Result<MessageId> PostgresQueue::last_id(Work& work) {
    TRY(db::Query query, work.tx.prepare("SELECT last_value FROM queue_numbers"));
    TRY(const bool row, query.next());
    if (!row) return fail(ErrorCode::Corrupt, "the queues have lost their numbers");
    return make_id(work.queue, query.int64(0));
}

}  // namespace larmor::queue::postgres

#include "queue/message_rows.h"

namespace larmor::queue {
namespace {

tl::unexpected<Error> stale() {
    return tl::unexpected(stale_receipt());
}

/// Whatever a failed step said, as a text column takes it: at most kErrorBytes, whole
/// characters, no NUL.
std::string stored_error(std::string_view error) {
    if (error.size() > limits::kErrorBytes) {
        std::size_t end = limits::kErrorBytes;
        const auto is_inside = [&] {
            return (static_cast<unsigned char>(error[end]) & 0xC0U) == 0x80U;
        };
        while (end > 0 && is_inside()) --end;
        error = error.substr(0, end);
    }
    std::string text(error);
    std::replace(text.begin(), text.end(), '\0', ' ');
    return text;
}

/// Gives the group of the message, where its queue has groups.
Result<std::string> delete_delivered(Work& work, const Receipt& receipt) {
    if (!work.settings.fifo) {
        // SQLite keeps rows that are RETURNED in a table of their own until the statement's
        // end.
        TRY(const std::int64_t changed,
            work.tx.run("DELETE FROM queue_messages"
                        " WHERE id = ?1 AND receipt = ?2 AND state = 2 AND hidden_until > ?3",
                        to_int64(receipt.id), receipt.delivery, to_stored(work.now)));
        if (changed == 0) return stale();
        return std::string();
    }
    TRY(db::Query query,
        work.tx.prepare("DELETE FROM queue_messages"
                        " WHERE id = ?1 AND receipt = ?2 AND state = 2 AND hidden_until > ?3"
                        " RETURNING message_group"));
    query.bind(to_int64(receipt.id), receipt.delivery, to_stored(work.now));
    TRY(const bool row, query.next());
    if (!row) return stale();
    return query.string(0);
}

/// The row itself goes, the body stays.
Result<void> forget_message(Work& work, MessageId id, State state) {
    std::string group;
    {
        TRY(db::Query query,
            work.tx.prepare(
                "DELETE FROM queue_messages WHERE id = ?1 RETURNING message_group"));
        query.bind(to_int64(id));
        TRY(const bool row, query.next());
        if (!row) return stale();
        group = query.string(0);
    }
    work.change.add(state, -1);
    if (work.settings.fifo) return promote_next(work, group);
    return {};
}

Result<void> bury(Work& work, MessageId id, State state, std::string_view reason) {
    TRY_VOID(work.tx.run_later(
        "INSERT INTO queue_dead_letters (id, reason, dead_at, schema_version, priority,"
        " receive_count, start_count, sent_at, message_group, last_error)"
        " SELECT id, CAST(?2 AS TEXT), CAST(?3 AS BIGINT), schema_version, priority, "
        "receive_count, start_count,"
        " sent_at, message_group, last_error FROM queue_messages WHERE id = ?1",
        to_int64(id), reason, to_stored(work.now)));
    ++work.change.dead;
    return forget_message(work, id, state);
}

}  // namespace

Error stale_receipt() {
    return {ErrorCode::Conflict,
            "the receipt handle is not good any more: the visibility timeout is over, or the "
            "message has had its outcome"};
}

void Counts::add(State state, std::int64_t messages) {
    switch (state) {
        case State::Waiting:
        case State::Behind:
            waiting += messages;
            return;
        case State::Delayed:
            delayed += messages;
            return;
        case State::InFlight:
            in_flight += messages;
            return;
    }
}

Counts& Counts::operator+=(const Counts& other) {
    waiting += other.waiting;
    delayed += other.delayed;
    in_flight += other.in_flight;
    dead += other.dead;
    return *this;
}

Counts Counts::operator-(const Counts& other) const {
    return {waiting - other.waiting, delayed - other.delayed, in_flight - other.in_flight,
            dead - other.dead};
}

std::int64_t to_stored(Time time) {
    return time.time_since_epoch().count();
}

Time time_of(std::int64_t stored) {
    return Time(microseconds(stored));
}

State state_after(microseconds delay) {
    return delay > microseconds(0) ? State::Delayed : State::Waiting;
}

Result<void> lock_group(Work& work, std::string_view message_group) {
    if (work.tx.dialect() == db::Dialect::Sqlite) return {};  // there is one writer
    TRY(db::Query query,
        work.tx.prepare(
            "SELECT CAST(pg_advisory_xact_lock(hashtextextended(?1, ?2)) AS TEXT)"));
    query.bind(message_group, work.queue);
    TRY_VOID(query.next());
    return {};
}

Result<void> insert_message(Work& work, const NewRow& row) {
    const bool delayed = row.delay > microseconds(0);
    State state = state_after(row.delay);
    std::optional<std::string_view> group;
    if (work.settings.fifo) {
        group = row.message_group;
        TRY(db::Query others,
            work.tx.prepare("SELECT 1 FROM queue_messages"
                            " WHERE queue = ?1 AND message_group = ?2 LIMIT 1"));
        others.bind(work.queue, row.message_group);
        TRY(const bool behind, others.next());
        if (behind) state = State::Behind;
    }
    TRY_VOID(work.tx.run_later(
        "INSERT INTO queue_messages (id, queue, state, schema_version, priority, hidden_until,"
        " receipt, started, receive_count, start_count, sent_at, message_group)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, 0, 0, ?7, ?8)",
        to_int64(row.id), work.queue, static_cast<int>(state), row.schema_version, row.priority,
        delayed ? to_stored(work.now + row.delay) : 0, to_stored(work.now), group));
    work.change.add(state, 1);
    // A delayed one is announced too: who waits then knows when to look.
    if (state != State::Behind) ++work.receivable;
    return {};
}

Result<void> insert_body(Work& work, MessageId id, std::string_view body) {
    TRY_VOID(work.tx.run_later("INSERT INTO queue_bodies (id, body) VALUES (?1, ?2)",
                               to_int64(id), as_bytes(body)));
    return {};
}

Result<std::optional<MessageId>> remember(Work& work, std::string_view deduplication_id,
                                          MessageId message) {
    // Twice as many as can come: what has expired never piles up.
    TRY_VOID(
        work.tx.run_later("DELETE FROM queue_deduplication WHERE queue = ?1 AND"
                          " deduplication_id IN (SELECT deduplication_id FROM"
                          " queue_deduplication WHERE queue = ?1 AND expires <= ?2"
                          " ORDER BY expires LIMIT 2)",
                          work.queue, to_stored(work.now)));
    TRY(const std::int64_t changed,
        work.tx.run(
            "INSERT INTO queue_deduplication (queue, deduplication_id, message, expires)"
            " VALUES (?1, ?2, ?3, ?4)"
            " ON CONFLICT (queue, deduplication_id) DO UPDATE SET"
            " message = excluded.message, expires = excluded.expires"
            " WHERE queue_deduplication.expires <= ?5",
            work.queue, deduplication_id, to_int64(message),
            to_stored(work.now + work.settings.deduplication_window), to_stored(work.now)));
    if (changed > 0) return std::nullopt;
    TRY(db::Query query, work.tx.prepare("SELECT message FROM queue_deduplication"
                                         " WHERE queue = ?1 AND deduplication_id = ?2"));
    query.bind(work.queue, deduplication_id);
    TRY(const bool row, query.next());
    if (!row) return fail(ErrorCode::Corrupt, "a deduplication id that exists is not there");
    return MessageId(query.int64(0));
}

Result<void> mark_started(Work& work, const Receipt& receipt) {
    TRY(const std::int64_t changed,
        work.tx.run("UPDATE queue_messages SET started = 1,"
                    " start_count = start_count + CASE started WHEN 1 THEN 0 ELSE 1 END"
                    " WHERE id = ?1 AND receipt = ?2 AND state = 2 AND hidden_until > ?3",
                    to_int64(receipt.id), receipt.delivery, to_stored(work.now)));
    if (changed == 0) return stale();
    return {};
}

Result<void> hide_until(Work& work, const Receipt& receipt, Time until) {
    TRY(const std::int64_t changed,
        work.tx.run("UPDATE queue_messages SET hidden_until = ?4"
                    " WHERE id = ?1 AND receipt = ?2 AND state = 2 AND hidden_until > ?3",
                    to_int64(receipt.id), receipt.delivery, to_stored(work.now),
                    to_stored(until)));
    if (changed == 0) return stale();
    return {};
}

Result<void> remove_delivered(Work& work, const Receipt& receipt) {
    TRY(const std::string group, delete_delivered(work, receipt));
    TRY_VOID(work.tx.run_later("DELETE FROM queue_bodies WHERE id = ?1", to_int64(receipt.id)));
    --work.change.in_flight;
    if (work.settings.fifo) return promote_next(work, group);
    return {};
}

Result<void> give_back(Work& work, const Receipt& receipt, const Release& release) {
    const bool delayed = release.retry_after > microseconds(0);
    const State state = state_after(release.retry_after);
    const std::string error = stored_error(release.error);
    std::int64_t start_count = 0;
    {
        TRY(db::Query query,
            work.tx.prepare(
                "UPDATE queue_messages SET state = ?4, hidden_until = ?5,"
                " receipt = 0, started = 0, last_error = coalesce(?6, last_error)"
                " WHERE id = ?1 AND receipt = ?2 AND state = 2 AND hidden_until > ?3"
                " RETURNING start_count"));
        query.bind(to_int64(receipt.id), receipt.delivery, to_stored(work.now),
                   static_cast<int>(state),
                   delayed ? to_stored(work.now + release.retry_after) : 0,
                   error.empty() ? std::nullopt : std::optional<std::string_view>(error));
        TRY(const bool row, query.next());
        if (!row) return stale();
        start_count = query.int64(0);
    }
    --work.change.in_flight;
    work.change.add(state, 1);
    work.comes_back = true;
    if (start_count >= work.settings.receive_count_max) {
        return bury(work, receipt.id, state, kReceiveCountMax);
    }
    ++work.receivable;
    return {};
}

Result<void> bury_delivered(Work& work, const Receipt& receipt, std::string_view reason,
                            std::string_view error) {
    const std::string text = stored_error(error);
    TRY(const std::int64_t changed,
        work.tx.run("UPDATE queue_messages SET last_error = coalesce(?4, last_error)"
                    " WHERE id = ?1 AND receipt = ?2 AND state = 2 AND hidden_until > ?3",
                    to_int64(receipt.id), receipt.delivery, to_stored(work.now),
                    text.empty() ? std::nullopt : std::optional<std::string_view>(text)));
    if (changed == 0) return stale();
    return bury(work, receipt.id, State::InFlight, reason);
}

Result<void> bring_back(Work& work, const Due& due) {
    if (due.started && due.start_count >= work.settings.receive_count_max) {
        return bury(work, due.id, due.state, kWorkerLost);
    }
    TRY_VOID(
        work.tx.run_later("UPDATE queue_messages SET state = 0, hidden_until = 0, receipt = 0"
                          " WHERE id = ?1",
                          to_int64(due.id)));
    work.change.add(due.state, -1);
    ++work.change.waiting;
    work.comes_back = true;
    return {};
}

Result<void> promote_next(Work& work, std::string_view message_group) {
    TRY_VOID(lock_group(work, message_group));
    State state = State::Behind;
    std::int64_t id = 0;
    {
        TRY(db::Query query,
            work.tx.prepare("SELECT id, state, hidden_until FROM queue_messages"
                            " WHERE queue = ?1 AND message_group = ?2 ORDER BY id LIMIT 1"));
        query.bind(work.queue, message_group);
        TRY(const bool row, query.next());
        if (!row || query.int64(1) != static_cast<int>(State::Behind)) return {};
        id = query.int64(0);
        state = query.int64(2) > to_stored(work.now) ? State::Delayed : State::Waiting;
    }
    TRY_VOID(work.tx.run_later("UPDATE queue_messages SET state = ?2 WHERE id = ?1", id,
                               static_cast<int>(state)));
    work.change.add(State::Behind, -1);
    work.change.add(state, 1);
    work.comes_back = true;
    ++work.receivable;
    return {};
}

}  // namespace larmor::queue

#include "events/event_log.h"

#include <chrono>

#include "base/ids.h"
#include "events/sequencer.h"

namespace larmor::events {
namespace {

/// 20260102, in UTC.
std::int64_t day_of(Time time) {
    const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
    return static_cast<int>(date.year()) * 10'000LL +
           static_cast<unsigned>(date.month()) * 100LL + static_cast<unsigned>(date.day());
}

Result<Position> last_position(db::Snapshot& snapshot) {
    TRY(db::Query query,
        snapshot.prepare(snapshot.dialect() == db::Dialect::Sqlite
                             ? "SELECT epoch, max(dropped_sequence,"
                               " (SELECT coalesce(max(sequence), 0) FROM events))"
                               " FROM event_log WHERE id = 1"
                             : "SELECT epoch, last_sequence FROM event_log WHERE id = 1"));
    TRY(const bool row, query.next());
    if (!row) return fail(ErrorCode::Corrupt, "the event log has lost its own row");
    return Position{query.int64(0), query.int64(1)};
}

}  // namespace

Result<std::unique_ptr<EventLog>> EventLog::open(db::Database& database, const Clock& clock) {
    TRY(const Position last,
        database.read([](db::Snapshot& snapshot) { return last_position(snapshot); }));
    return std::unique_ptr<EventLog>(new EventLog(database, clock, last));
}

EventLog::EventLog(db::Database& database, const Clock& clock, Position last)
    : clock_(clock), next_(last), committed_(last) {
    if (database.dialect() == db::Dialect::Sqlite) return;
    sequencer_ = std::make_unique<Sequencer>(database, [this](Position numbered) {
        const std::lock_guard lock(mutex_);
        committed_ = std::max(committed_, numbered);
    });
}

EventLog::~EventLog() = default;

void EventLog::start_numbering(Numbered numbered) {
    if (sequencer_) sequencer_->start(std::move(numbered));
}

Result<void> EventLog::number_committed() {
    return sequencer_ ? sequencer_->number_all() : Result<void>();
}

Result<std::int64_t> read_epoch(db::Snapshot& snapshot) {
    TRY(const Position last, last_position(snapshot));
    return last.epoch;
}

Result<void> EventLog::append_unnumbered(db::Transaction& tx, const Event& event) {
    const Time now = clock_.now();
    TRY_VOID(tx.run_later(
        "INSERT INTO events_unnumbered (day, event_id, time, detail_type,"
        " subject_id, resource, detail, source)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        day_of(now), random_uuid(), now.time_since_epoch().count(), event.detail_type,
        event.subject_id, event.resource, event.detail, event.source));
    tx.on_commit([this] { sequencer_->wake(); });
    return {};
}

Result<Position> EventLog::append(db::Transaction& tx, const Event& event) {
    if (sequencer_) {
        TRY_VOID(append_unnumbered(tx, event));
        return Position{};
    }
    const Time now = clock_.now();
    const std::int64_t day = day_of(now);
    const Position position{next_.epoch, next_.sequence + 1};
    {
        TRY(db::Query query,
            tx.prepare("INSERT INTO events (sequence, epoch, day, event_id, time, detail_type,"
                       " subject_id, resource, detail, source)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"));
        const std::string id = random_uuid();
        query.bind(position.sequence, position.epoch, day, id, now.time_since_epoch().count(),
                   event.detail_type, event.subject_id, event.resource, event.detail,
                   event.source);
        TRY_VOID(query.run());
    }
    if (day != day_) {
        TRY_VOID(
            tx.run("INSERT INTO event_days (day, first_sequence) VALUES (?1, ?2)"
                   " ON CONFLICT (day) DO NOTHING",
                   day, position.sequence));
    }
    tx.on_rollback([this, next = next_, last_day = day_] {
        next_ = next;
        day_ = last_day;
    });
    next_ = position;
    day_ = day;
    tx.on_commit([this] {
        const std::lock_guard lock(mutex_);
        committed_ = next_;
    });
    return position;
}

Result<std::vector<StoredEvent>> EventLog::read_after(db::Snapshot& snapshot,
                                                      std::int64_t sequence,
                                                      std::size_t limit) {
    TRY(db::Query query,
        snapshot.prepare(
            "SELECT epoch, sequence, event_id, time, detail_type, detail, resource,"
            " subject_id, source FROM events WHERE sequence > ?1 ORDER BY sequence"
            " LIMIT ?2"));
    query.bind(sequence, limit);
    std::vector<StoredEvent> events;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return events;
        events.push_back({.position = {query.int64(0), query.int64(1)},
                          .id = query.string(2),
                          .time = Time(std::chrono::microseconds(query.int64(3))),
                          .detail_type = query.string(4),
                          .detail = query.string(5),
                          .resource = query.string(6),
                          .subject_id = query.string(7),
                          .source = query.string(8)});
    }
}

Position EventLog::last() const {
    const std::lock_guard lock(mutex_);
    return committed_;
}

Result<std::int64_t> EventLog::drop_days_before(db::Transaction& tx, std::int64_t day) {
    std::int64_t keep_from = 0;
    {
        // Not by the day of each row: after the clock was set back, days overlap.
        TRY(db::Query query,
            tx.prepare("SELECT coalesce((SELECT min(first_sequence) FROM event_days"
                       " WHERE day >= ?1),"
                       " (SELECT max(sequence) + 1 FROM events), 0)"));
        query.bind(day);
        TRY_VOID(query.next());
        keep_from = query.int64(0);
    }
    TRY(const std::int64_t dropped,
        tx.run("DELETE FROM events WHERE sequence < ?1", keep_from));
    TRY_VOID(tx.run("DELETE FROM event_days WHERE day < ?1", day));
    TRY_VOID(
        tx.run("UPDATE event_log SET dropped_sequence = ?1"
               " WHERE id = 1 AND dropped_sequence < ?1",
               keep_from - 1));
    return dropped;
}

Result<Position> EventLog::begin_epoch(db::Transaction& tx) {
    if (sequencer_) {
        TRY(db::Query query, tx.prepare("UPDATE event_log SET epoch = epoch + 1 WHERE id = 1"
                                        " RETURNING epoch, last_sequence"));
        TRY(const bool row, query.next());
        if (!row) return fail(ErrorCode::Corrupt, "the event log has lost its own row");
        const Position begun{query.int64(0), query.int64(1)};
        tx.on_commit([this, begun] {
            const std::lock_guard lock(mutex_);
            committed_ = std::max(committed_, begun);
        });
        return begun;
    }
    TRY_VOID(tx.run("UPDATE event_log SET epoch = ?1 WHERE id = 1", next_.epoch + 1));
    tx.on_rollback([this, next = next_] { next_ = next; });
    tx.on_commit([this] {
        const std::lock_guard lock(mutex_);
        committed_ = next_;
    });
    ++next_.epoch;
    return next_;
}

}  // namespace larmor::events

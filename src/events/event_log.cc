#include "events/event_log.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/ids.h"
#include "events/event_tables.h"
#include "events/inbox.h"
#include "events/sequencer.h"

namespace larmor::events {
namespace {

struct LastOfLog {
    Position position;
    std::optional<EventTable> table;
};
Result<LastOfLog> last_of_log(db::Snapshot& snapshot) {
    LastOfLog last;
    const bool is_sqlite = snapshot.dialect() == db::Dialect::Sqlite;
    {
        TRY(db::Query query,
            snapshot.prepare(is_sqlite ? "SELECT epoch, dropped_sequence FROM event_log"
                                         " WHERE id = 1"
                                       : "SELECT epoch, last_sequence FROM event_log"
                                         " WHERE id = 1"));
        TRY(const bool row, query.next());
        if (!row) return fail(ErrorCode::Corrupt, "the event log has lost its own row");
        last.position = {query.int64(0), query.int64(1)};
    }
    if (!is_sqlite) return last;
    TRY(last.table, last_table(snapshot));
    if (last.table) {
        TRY(const std::int64_t sequence, last_sequence_of(snapshot, *last.table));
        last.position.sequence = std::max(last.position.sequence, sequence);
    }
    return last;
}

}  // namespace

Result<std::unique_ptr<EventLog>> EventLog::open(db::Database& database, const Clock& clock) {
    TRY(auto last, database.read([](db::Snapshot& snapshot) { return last_of_log(snapshot); }));
    auto log = std::unique_ptr<EventLog>(new EventLog(database, clock, last.position));
    log->table_ = std::move(last.table);
    return log;
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
    TRY(const LastOfLog last, last_of_log(snapshot));
    return last.position.epoch;
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
    if (!table_ || table_->day != day) TRY_VOID(use_table_of(tx, position.sequence, day));
    {
        TRY(db::Query query, tx.prepare("INSERT INTO " + table_->name +
                                        " (sequence, epoch, day, event_id, time, detail_type,"
                                        " subject_id, resource, detail, source)"
                                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"));
        const std::string id = random_uuid();
        query.bind(position.sequence, position.epoch, day, id, now.time_since_epoch().count(),
                   event.detail_type, event.subject_id, event.resource, event.detail,
                   event.source);
        TRY_VOID(query.run());
    }
    tx.on_rollback([this, next = next_] { next_ = next; });
    next_ = position;
    tx.on_commit([this] {
        const std::lock_guard lock(mutex_);
        committed_ = next_;
    });
    return position;
}

Result<void> EventLog::use_table_of(db::Transaction& tx, std::int64_t first_sequence,
                                    std::int64_t day) {
    TRY(auto begun, begin_table(tx, first_sequence, day));
    tx.on_rollback(
        [this, before = std::exchange(table_, std::move(begun))] { table_ = before; });
    return {};
}

Result<std::vector<StoredEvent>> EventLog::read_after(db::Snapshot& snapshot,
                                                      std::int64_t sequence,
                                                      std::size_t limit) {
    std::vector<StoredEvent> events;
    TRY_VOID(for_each_event(snapshot, sequence, limit, [&](StoredEvent event) {
        events.push_back(std::move(event));
        return true;
    }));
    return events;
}

Position EventLog::last() const {
    const std::lock_guard lock(mutex_);
    return committed_;
}

Result<EventLog::Dropped> EventLog::drop_oldest(db::Transaction& tx, std::int64_t day) {
    TRY(const auto tables, list_tables(tx));
    // By the oldest alone: where clocks were set, days behind it may be wrong.
    if (tables.empty() || tables.front().day >= day) return Dropped{.is_done = true};
    const EventTable& oldest = tables.front();
    TRY(const std::int64_t last, last_sequence_of(tx, oldest));
    TRY_VOID(drop_table(tx, oldest));
    TRY_VOID(forget_dropped(tx));
    if (tables.size() == 1) {
        tx.on_rollback(
            [this, before = std::exchange(table_, std::nullopt)] { table_ = before; });
    }
    return Dropped{.events = last + 1 - oldest.first_sequence};
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

#include "events/event_tables.h"

#include <chrono>

namespace larmor::events {
namespace {

EventTable table_at(const db::Query& query) {
    return {query.int64(0), query.int64(1), query.string(2)};
}

Result<std::vector<EventTable>> read_tables(db::Query& query) {
    std::vector<EventTable> tables;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return tables;
        tables.push_back(table_at(query));
    }
}

/// The one that has a number, and those behind it.
Result<std::vector<EventTable>> tables_from(db::Snapshot& snapshot, std::int64_t sequence) {
    TRY(db::Query query,
        snapshot.prepare("SELECT first_sequence, day, name FROM event_tables"
                         " WHERE first_sequence >= coalesce((SELECT max(first_sequence)"
                         " FROM event_tables WHERE first_sequence <= ?1), 0)"
                         " ORDER BY first_sequence"));
    query.bind(sequence);
    return read_tables(query);
}

/// The whole log under one name, for people and their tools.
Result<void> make_view(db::Transaction& tx) {
    TRY(const auto tables, list_tables(tx));
    std::string sql = "DROP VIEW IF EXISTS events";
    for (std::size_t i = 0; i < tables.size(); ++i) {
        sql += i == 0 ? "; CREATE VIEW events AS" : " UNION ALL";
        sql +=
            " SELECT sequence, epoch, day, event_id, time, detail_type, subject_id,"
            " resource, detail, source FROM " +
            tables[i].name;
    }
    return tx.run_script(sql);
}

}  // namespace

std::int64_t day_of(Time time) {
    const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
    return static_cast<int>(date.year()) * 10'000LL +
           static_cast<unsigned>(date.month()) * 100LL + static_cast<unsigned>(date.day());
}

Result<std::vector<EventTable>> list_tables(db::Snapshot& snapshot) {
    TRY(db::Query query, snapshot.prepare("SELECT first_sequence, day, name FROM event_tables"
                                          " ORDER BY first_sequence"));
    return read_tables(query);
}

Result<std::optional<EventTable>> last_table(db::Snapshot& snapshot) {
    TRY(db::Query query, snapshot.prepare("SELECT first_sequence, day, name FROM event_tables"
                                          " ORDER BY first_sequence DESC LIMIT 1"));
    TRY(const bool row, query.next());
    if (!row) return std::nullopt;
    return table_at(query);
}

Result<EventTable> begin_table(db::Transaction& tx, std::int64_t first_sequence,
                               std::int64_t day) {
    EventTable table{first_sequence, day, "events_" + std::to_string(first_sequence)};
    const bool is_postgres = tx.dialect() == db::Dialect::Postgres;
    const std::string integer = is_postgres ? " BIGINT" : " INTEGER";
    const std::string text = is_postgres ? " TEXT COLLATE \"C\"" : " TEXT";
    TRY_VOID(tx.run_script("CREATE TABLE " + table.name + " (sequence" + integer +
                           " PRIMARY KEY, epoch" + integer + " NOT NULL, day" + integer +
                           " NOT NULL, event_id" + text + " NOT NULL, time" + integer +
                           " NOT NULL, detail_type" + text + " NOT NULL, subject_id" + text +
                           " NOT NULL, resource" + text + " NOT NULL, detail" + text +
                           " NOT NULL, source" + text + " NOT NULL)"));
    TRY_VOID(tx.run("INSERT INTO event_tables (first_sequence, day, name) VALUES (?1, ?2, ?3)",
                    first_sequence, day, table.name));
    TRY_VOID(make_view(tx));
    return table;
}

Result<void> drop_table(db::Transaction& tx, const EventTable& table) {
    TRY(const std::int64_t last, last_sequence_of(tx, table));
    TRY_VOID(
        tx.run("UPDATE event_log SET dropped_sequence = ?1"
               " WHERE id = 1 AND dropped_sequence < ?1",
               last));
    TRY_VOID(
        tx.run("DELETE FROM event_tables WHERE first_sequence = ?1", table.first_sequence));
    TRY_VOID(make_view(tx));
    return tx.run_script("DROP TABLE " + table.name);
}

Result<std::int64_t> last_sequence_of(db::Snapshot& snapshot, const EventTable& table) {
    TRY(db::Query query, snapshot.prepare("SELECT max(sequence) FROM " + table.name));
    TRY_VOID(query.next());
    return query.optional_int64(0).value_or(table.first_sequence - 1);
}

Result<void> for_each_event(db::Snapshot& snapshot, std::int64_t after, std::size_t limit,
                            const std::function<bool(StoredEvent)>& take) {
    TRY(const auto tables, tables_from(snapshot, after + 1));
    for (const EventTable& table : tables) {
        TRY(db::Query query,
            snapshot.prepare(
                "SELECT epoch, sequence, event_id, time, detail_type, detail, resource,"
                " subject_id, source FROM " +
                table.name + " WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"));
        query.bind(after, limit);
        for (;;) {
            TRY(const bool row, query.next());
            if (!row) break;
            --limit;
            const bool goes_on = take({.position = {query.int64(0), query.int64(1)},
                                       .id = query.string(2),
                                       .time = Time(std::chrono::microseconds(query.int64(3))),
                                       .detail_type = query.string(4),
                                       .detail = query.string(5),
                                       .resource = query.string(6),
                                       .subject_id = query.string(7),
                                       .source = query.string(8)});
            if (!goes_on) return {};
        }
        if (limit == 0) return {};
    }
    return {};
}

Result<std::optional<EventStamp>> read_stamp(db::Snapshot& snapshot, std::int64_t sequence) {
    TRY(const auto tables, tables_from(snapshot, sequence));
    if (tables.empty()) return std::nullopt;
    TRY(db::Query query, snapshot.prepare("SELECT epoch, time FROM " + tables.front().name +
                                          " WHERE sequence = ?1"));
    query.bind(sequence);
    TRY(const bool row, query.next());
    if (!row) return std::nullopt;
    return EventStamp{query.int64(0), query.int64(1)};
}

}  // namespace larmor::events

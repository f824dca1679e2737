#include "queue/settings_rows.h"

namespace larmor::queue {
namespace {

QueueRow read_row(const db::Query& query) {
    return {.id = query.int64(0),
            .name = query.string(1),
            .settings = {.fifo = query.int64(2) != 0,
                         .visibility_timeout = microseconds(query.int64(3)),
                         .receive_count_max = query.int64(4),
                         .deduplication_window = microseconds(query.int64(5)),
                         .depth_max = query.int64(6)}};
}

}  // namespace

Result<std::vector<QueueRow>> read_queues(db::Snapshot& snapshot) {
    TRY(db::Query query,
        snapshot.prepare("SELECT id, name, fifo, visibility_timeout, receive_count_max,"
                         " deduplication_window, depth_max FROM queues ORDER BY name"));
    std::vector<QueueRow> rows;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return rows;
        rows.push_back(read_row(query));
    }
}

Result<std::optional<QueueRow>> find_queue(db::Snapshot& snapshot, const std::string& name) {
    TRY(db::Query query,
        snapshot.prepare("SELECT id, name, fifo, visibility_timeout, receive_count_max,"
                         " deduplication_window, depth_max FROM queues WHERE name = ?1"));
    query.bind(name);
    TRY(const bool row, query.next());
    if (!row) return std::nullopt;
    return read_row(query);
}

Result<QueueRow> insert_queue(db::Transaction& tx, const std::string& name,
                              const QueueSettings& settings, Time now) {
    std::int64_t id = 0;
    {
        TRY(db::Query query,
            tx.prepare("INSERT INTO queues (name, fifo, visibility_timeout, receive_count_max,"
                       " deduplication_window, depth_max, created)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
        query.bind(name, settings.fifo ? 1 : 0, settings.visibility_timeout.count(),
                   settings.receive_count_max, settings.deduplication_window.count(),
                   settings.depth_max, to_stored(now));
        TRY(id, query.insert());
    }
    return QueueRow{id, name, settings};
}

Result<void> update_queue(db::Transaction& tx, std::int64_t id, const QueueSettings& settings) {
    TRY_VOID(
        tx.run("UPDATE queues SET visibility_timeout = ?2, receive_count_max = ?3,"
               " deduplication_window = ?4, depth_max = ?5 WHERE id = ?1",
               id, settings.visibility_timeout.count(), settings.receive_count_max,
               settings.deduplication_window.count(), settings.depth_max));
    return {};
}

}  // namespace larmor::queue

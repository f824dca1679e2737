#include "queue/sqlite/sqlite_queues.h"

#include <map>
#include <mutex>
#include <set>

#include "queue/check_input.h"
#include "queue/settings_rows.h"
#include "queue/sqlite/sqlite_queue.h"

namespace larmor::queue::sqlite {
namespace {

constexpr std::int64_t kLeasesAtOnce = 500;

Result<std::set<std::int64_t>> queues_in_flight(db::Snapshot& snapshot) {
    TRY(db::Query query,
        snapshot.prepare("SELECT queue FROM queue_counts WHERE in_flight > 0"));
    std::set<std::int64_t> queues;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return queues;
        queues.insert(query.int64(0));
    }
}

class SqliteQueues final : public Queues {
public:
    SqliteQueues(db::Database& database, const SqliteQueuesOptions& options, Time latest)
        : database_(database),
          poll_every_(options.poll_every),
          clock_(*options.clock, latest) {}

    Result<void> load() {
        TRY(auto rows,
            database_.read([](db::Snapshot& snapshot) { return read_queues(snapshot); }));
        TRY(const auto in_flight,
            database_.read([](db::Snapshot& snapshot) { return queues_in_flight(snapshot); }));
        for (auto& row : rows) {
            if (in_flight.contains(row.id)) {
                TRY_VOID(end_visibility_timeouts(row.id));
            }
            add(std::move(row));
        }
        return {};
    }

    Result<Queue*> create(const std::string& name, const QueueSettings& settings) override {
        TRY_VOID(check_name(name));
        TRY_VOID(check_settings(settings));
        const std::lock_guard lock(changing_);
        if (SqliteQueue* const known = known_queue(name)) {
            TRY_VOID(check_same_kind(*known, settings));
            return known;
        }
        TRY(auto row, database_.write_and_wait([&](db::Transaction& tx) -> Result<QueueRow> {
            TRY(auto inserted, insert_queue(tx, name, settings, clock_.now()));
            TRY_VOID(
                tx.run("INSERT INTO queue_counts (queue, waiting, delayed, in_flight, dead,"
                       " last_number, last_time) VALUES (?1, 0, 0, 0, 0, 0, ?2)",
                       inserted.id, to_stored(clock_.now())));
            return inserted;
        }));
        return add(std::move(row));
    }

    Result<Queue*> open(const std::string& name) override {
        TRY(SqliteQueue* const queue, existing(name));
        return queue;
    }

    Result<Queue*> find(db::Transaction&, const std::string& name) override {
        return known_queue(name);
    }

    Result<void> update(const std::string& name, const QueueSettings& settings) override {
        TRY_VOID(check_settings(settings));
        const std::lock_guard lock(changing_);
        TRY(SqliteQueue* const queue, existing(name));
        TRY_VOID(check_same_kind(*queue, settings));
        return database_.write_and_wait([&](db::Transaction& tx) -> Result<void> {
            TRY_VOID(update_queue(tx, queue->id(), settings));
            tx.on_commit([queue, settings] { queue->set_settings(settings); });
            return {};
        });
    }

    Result<std::vector<Queue*>> list() override {
        const std::lock_guard lock(mutex_);
        std::vector<Queue*> all;
        for (const auto& [name, queue] : queues_) all.push_back(queue.get());
        return all;
    }

private:
    Queue* add(QueueRow row) {
        const std::string name = row.name;
        const std::lock_guard lock(mutex_);
        const auto added = queues_.emplace(
            name,
            std::make_unique<SqliteQueue>(database_, std::move(row), poll_every_, clock_));
        return added.first->second.get();
    }
    SqliteQueue* known_queue(const std::string& name) {
        const std::lock_guard lock(mutex_);
        const auto known = queues_.find(name);
        return known == queues_.end() ? nullptr : known->second.get();
    }
    Result<SqliteQueue*> existing(const std::string& name) {
        if (SqliteQueue* const known = known_queue(name)) return known;
        return fail(ErrorCode::NotFound, "no queue " + name);
    }
    static Result<void> check_same_kind(const Queue& queue, const QueueSettings& settings) {
        if (queue.settings().fifo == settings.fifo) return {};
        return fail(ErrorCode::Conflict, "the queue " + queue.name() + " is there and is " +
                                             (settings.fifo ? "not FIFO" : "FIFO"));
    }
    /// Those left by a process that is gone; the next receive brings the messages back.
    Result<void> end_visibility_timeouts(std::int64_t queue) {
        for (std::int64_t ended = kLeasesAtOnce; ended == kLeasesAtOnce;) {
            TRY(ended, database_.write_and_wait([&](db::Transaction& tx) {
                return tx.run(
                    "UPDATE queue_messages SET hidden_until = 0 WHERE id IN"
                    " (SELECT id FROM queue_messages WHERE queue = ?1 AND state = 2"
                    " AND hidden_until > 0 LIMIT ?2)",
                    queue, kLeasesAtOnce);
            }));
        }
        return {};
    }

    db::Database& database_;
    const std::chrono::nanoseconds poll_every_;
    const QueueClock clock_;
    std::mutex changing_;  ///< one at a time makes or changes a queue
    std::mutex mutex_;     ///< of the map; never held in a write, whose thread wants it
    std::map<std::string, std::unique_ptr<SqliteQueue>, std::less<>> queues_;
};

}  // namespace

Result<std::unique_ptr<Queues>> open_sqlite_queues(db::Database& database,
                                                   const SqliteQueuesOptions& options) {
    TRY(const std::int64_t latest,
        database.read([](db::Snapshot& snapshot) -> Result<std::int64_t> {
            TRY(db::Query query,
                snapshot.prepare("SELECT coalesce(max(last_time), 0) FROM queue_counts"));
            TRY(const bool row, query.next());
            return row ? query.int64(0) : 0;
        }));
    auto queues = std::make_unique<SqliteQueues>(database, options, time_of(latest));
    TRY_VOID(queues->load());
    return queues;
}

}  // namespace larmor::queue::sqlite

#include "queue/postgres/postgres_queues.h"

#include <map>
#include <mutex>
#include <random>

#include "queue/check_input.h"
#include "queue/postgres/postgres_queue.h"
#include "queue/settings_rows.h"

namespace larmor::queue::postgres {
namespace {

/// Rows of counts that a queue has at most: processes that share one wait for each other.
constexpr int kSlots = 64;
/// Less is what clocks of machines differ by.
constexpr microseconds kBehindMin = std::chrono::seconds(5);

class PostgresQueues final : public Queues {
public:
    PostgresQueues(db::Database& database, const PostgresQueuesOptions& options)
        : database_(database), poll_every_(options.poll_every) {
        shared_.server_step_us = options.server_step_us;
        shared_.known_for = options.known_for;
        shared_.goes_on_for = options.goes_on_for;
        std::random_device device;
        shared_.slot = std::uniform_int_distribution(0, kSlots - 1)(device);
        if (options.url.empty()) return;
        shared_.hints = std::make_unique<db::postgres::NotifyChannel>(
            db::postgres::NotifyChannel::Options{.url = options.url, .name = "larmor_queues"},
            [this](std::string_view key, std::int64_t count) { take_hint(key, count); });
    }
    /// Its thread uses the queues.
    ~PostgresQueues() override { shared_.hints.reset(); }

    /// A server's clock that was set back while nobody watched does not bring back times that
    /// were.
    Result<void> start() {
        return database_.write_and_wait([&](db::Transaction& tx) -> Result<void> {
            TRY(const ClockReading reading, read_clock(tx, shared_));
            TRY(db::Query query,
                tx.prepare("SELECT coalesce(max(last_time), 0) FROM queue_counts"));
            TRY_VOID(query.next());
            const microseconds behind = time_of(query.int64(0)) - ServerClock::time_of(reading);
            if (behind < kBehindMin) return {};
            return tx.run_later(
                "UPDATE queue_clock SET offset_us = offset_us + ?1,"
                " version = version + 1 WHERE id = 1 AND version = ?2",
                behind.count(), reading.version);
        });
    }

    Result<Queue*> create(const std::string& name, const QueueSettings& settings) override {
        TRY_VOID(check_name(name));
        TRY_VOID(check_settings(settings));
        auto row = insert_or_find(name, settings);
        // Another process has just made it.
        if (!row && row.error().code == ErrorCode::Conflict)
            row = insert_or_find(name, settings);
        if (!row) return tl::unexpected(row.error());
        TRY_VOID(check_same_kind(*row, settings));
        return add(*std::move(row));
    }

    Result<Queue*> open(const std::string& name) override {
        TRY(PostgresQueue* const queue, existing(name));
        return queue;
    }

    Result<Queue*> find(db::Transaction& tx, const std::string& name) override {
        if (PostgresQueue* const known = known_queue(name)) return known;
        TRY(auto row, find_queue(tx, name));
        return row ? add(*std::move(row)) : nullptr;
    }

    Result<void> update(const std::string& name, const QueueSettings& settings) override {
        TRY_VOID(check_settings(settings));
        TRY(PostgresQueue* const queue, existing(name));
        TRY_VOID(check_same_kind({queue->id(), name, queue->settings()}, settings));
        return database_.write_and_wait([&](db::Transaction& tx) -> Result<void> {
            TRY_VOID(update_queue(tx, queue->id(), settings));
            tx.on_commit([queue, settings] { queue->set_settings(settings); });
            return {};
        });
    }

    Result<std::vector<Queue*>> list() override {
        TRY(auto rows,
            database_.read([](db::Snapshot& snapshot) { return read_queues(snapshot); }));
        for (auto& row : rows) add(std::move(row));
        std::vector<Queue*> all;
        const std::lock_guard lock(mutex_);
        for (const auto& [name, queue] : queues_) all.push_back(queue.get());
        return all;
    }

private:
    void take_hint(std::string_view key, std::int64_t count) {
        const std::lock_guard lock(mutex_);
        for (const auto& [name, queue] : queues_) {
            if (key.empty() || std::to_string(queue->id()) == key) queue->hint(count);
        }
    }
    Result<QueueRow> insert_or_find(const std::string& name, const QueueSettings& settings) {
        return database_.write_and_wait([&](db::Transaction& tx) -> Result<QueueRow> {
            TRY(auto known, find_queue(tx, name));
            if (known) return *std::move(known);
            TRY(const ClockReading reading, read_clock(tx, shared_));
            return insert_queue(tx, name, settings, ServerClock::time_of(reading));
        });
    }
    PostgresQueue* add(QueueRow row) {
        const std::lock_guard lock(mutex_);
        const auto known = queues_.find(row.name);
        if (known != queues_.end()) return known->second.get();
        const std::string name = row.name;
        const auto added = queues_.emplace(
            name,
            std::make_unique<PostgresQueue>(database_, std::move(row), poll_every_, shared_));
        return added.first->second.get();
    }
    PostgresQueue* known_queue(const std::string& name) {
        const std::lock_guard lock(mutex_);
        const auto known = queues_.find(name);
        return known == queues_.end() ? nullptr : known->second.get();
    }
    Result<PostgresQueue*> existing(const std::string& name) {
        if (PostgresQueue* const known = known_queue(name)) return known;
        TRY(auto row,
            database_.read([&](db::Snapshot& snapshot) { return find_queue(snapshot, name); }));
        if (!row) return fail(ErrorCode::NotFound, "no queue " + name);
        return add(*std::move(row));
    }
    static Result<void> check_same_kind(const QueueRow& row, const QueueSettings& settings) {
        if (row.settings.fifo == settings.fifo) return {};
        return fail(ErrorCode::Conflict, "the queue " + row.name + " is there and is " +
                                             (settings.fifo ? "not FIFO" : "FIFO"));
    }

    db::Database& database_;
    const std::chrono::nanoseconds poll_every_;
    Shared shared_;
    std::mutex mutex_;  ///< of the map; never held in a write, whose thread wants it
    std::map<std::string, std::unique_ptr<PostgresQueue>, std::less<>> queues_;
};

}  // namespace

Result<std::unique_ptr<Queues>> open_postgres_queues(db::Database& database,
                                                     const PostgresQueuesOptions& options) {
    auto queues = std::make_unique<PostgresQueues>(database, options);
    TRY_VOID(queues->start());
    return queues;
}

}  // namespace larmor::queue::postgres

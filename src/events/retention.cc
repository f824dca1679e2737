#include "events/retention.h"

#include <algorithm>

#include "async/executor.h"
#include "events/inbox.h"
#include "observe/log.h"

namespace larmor::events {
namespace {

/// 20260102, in UTC, of the first day that is kept.
std::int64_t first_day_kept(Time now, std::chrono::days keep) {
    const auto day = std::chrono::floor<std::chrono::days>(now) - keep;
    const std::chrono::year_month_day date(day);
    return static_cast<int>(date.year()) * 10'000LL +
           static_cast<unsigned>(date.month()) * 100LL + static_cast<unsigned>(date.day());
}

/// The first number of that day or a later one; one behind the last where there is none.
Result<std::int64_t> first_kept(db::Transaction& tx, std::int64_t day) {
    TRY(db::Query query,
        tx.prepare("SELECT coalesce((SELECT min(first_sequence) FROM event_days"
                   " WHERE day >= ?1), (SELECT max(sequence) + 1 FROM events), 0)"));
    query.bind(day);
    TRY_VOID(query.next());
    return query.int64(0);
}

Result<std::int64_t> oldest_there(db::Transaction& tx) {
    TRY(db::Query query, tx.prepare("SELECT coalesce(min(sequence), 0) FROM events"));
    TRY_VOID(query.next());
    return query.int64(0);
}

}  // namespace

Result<Dropped> drop_some(db::Transaction& tx, std::int64_t day, std::size_t events_max) {
    TRY(const std::int64_t kept, first_kept(tx, day));
    TRY(const std::int64_t oldest, oldest_there(tx));
    const std::int64_t end = std::min(kept, oldest + static_cast<std::int64_t>(events_max));
    Dropped dropped{.is_done = end >= kept};
    if (end > oldest) {
        TRY(dropped.events, tx.run("DELETE FROM events WHERE sequence < ?1", end));
        TRY_VOID(
            tx.run("UPDATE event_log SET dropped_sequence = ?1"
                   " WHERE id = 1 AND dropped_sequence < ?1",
                   end - 1));
        TRY_VOID(forget_dropped(tx));
    }
    if (dropped.is_done) {
        TRY_VOID(tx.run("DELETE FROM event_days WHERE day < ?1", day));
    }
    return dropped;
}

Retention::Retention(db::Database& database, Options options)
    : database_(database), options_(options), clock_(*options.clock) {}

Retention::~Retention() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Retention::start() {
    thread_ = std::thread([this] { run(); });
}

bool Retention::is_stopping() {
    const std::lock_guard lock(mutex_);
    return is_stopping_;
}

Result<std::int64_t> Retention::drop_old() {
    const std::int64_t day = first_day_kept(clock_.now(), options_.keep);
    std::int64_t events = 0;
    for (bool is_done = false; !is_done && !is_stopping();) {
        TRY(const Dropped dropped, database_.write_and_wait([&](db::Transaction& tx) {
            return drop_some(tx, day, options_.events_at_once);
        }));
        events += dropped.events;
        is_done = dropped.is_done;
    }
    return events;
}

void Retention::run() {
    async::name_this_thread("event-retention");
    for (;;) {
        const auto dropped = drop_old();
        if (!dropped) {
            observe::log_error("drop events", {{"error", dropped.error().message}});
        } else if (*dropped > 0) {
            observe::log_info("events dropped", {{"events", *dropped}});
        }
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, options_.look_every, [&] { return is_stopping_; })) return;
    }
}

}  // namespace larmor::events

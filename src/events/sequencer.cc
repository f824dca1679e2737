#include "events/sequencer.h"

#include <chrono>

#include "events/event_tables.h"

namespace larmor::events {
namespace {

constexpr std::int64_t kBatch = 1000;
constexpr std::chrono::seconds kPoll{1};
/// For the one of another process that is at it.
constexpr std::chrono::milliseconds kOtherWait{20};

/// Moves the next ones into the table.
std::string number_text(const EventTable& table) {
    return "WITH taken AS (DELETE FROM events_unnumbered WHERE id IN"
           "   (SELECT id FROM events_unnumbered ORDER BY id LIMIT ?1) RETURNING *),"
           " log AS (UPDATE event_log SET last_sequence = last_sequence"
           "     + (SELECT count(*) FROM taken)"
           "   WHERE id = 1 RETURNING epoch, last_sequence),"
           " numbered AS (INSERT INTO " +
           table.name +
           "   (sequence, epoch, day, event_id, time, detail_type,"
           "   subject_id, resource, detail, source)"
           "   SELECT log.last_sequence - (SELECT count(*) FROM taken)"
           "     + row_number() OVER (ORDER BY t.id), log.epoch, t.day, t.event_id, t.time,"
           "     t.detail_type, t.subject_id, t.resource, t.detail, t.source FROM taken t, log)"
           " SELECT (SELECT count(*) FROM taken), epoch, last_sequence FROM log";
}

struct Waiting {
    std::optional<std::int64_t> day;  ///< of the first one
    Position last;                    ///< that was numbered
};
Result<Waiting> read_waiting(db::Transaction& tx) {
    TRY(db::Query query,
        tx.prepare("SELECT epoch, last_sequence, (SELECT day FROM events_unnumbered"
                   " ORDER BY id LIMIT 1) FROM event_log WHERE id = 1"));
    TRY(const bool row, query.next());
    if (!row) return fail(ErrorCode::Corrupt, "the event log has lost its own row");
    return Waiting{query.optional_int64(2), {query.int64(0), query.int64(1)}};
}

/// The table for events of that day.
Result<EventTable> table_for(db::Transaction& tx, std::int64_t first_sequence,
                             std::int64_t day) {
    TRY(auto last, last_table(tx));
    if (last && last->day == day) return *std::move(last);
    return begin_table(tx, first_sequence, day);
}

}  // namespace

Sequencer::Sequencer(db::Database& database, std::function<void(Position)> numbered)
    : database_(database), numbered_(std::move(numbered)) {}

void Sequencer::start(EventLog::Numbered in_transaction) {
    LARMOR_CHECK(!thread_.joinable());
    in_transaction_ = std::move(in_transaction);
    thread_ = std::thread([this] { run(); });
}

Sequencer::~Sequencer() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Sequencer::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    changed_.notify_all();
}

Result<Sequencer::Step> Sequencer::number_some() {
    return database_.write_and_wait([this](db::Transaction& tx) -> Result<Step> {
        Step step;
        {
            TRY(db::Query query, tx.prepare("SELECT pg_try_advisory_xact_lock("
                                            "'events_unnumbered'::regclass::oid::bigint)"));
            TRY_VOID(query.next());
            step.elected = query.int64(0) != 0;
        }
        if (!step.elected) return step;
        TRY(const Waiting waiting, read_waiting(tx));
        step.last = waiting.last;
        if (waiting.day) {
            TRY(const EventTable table, table_for(tx, waiting.last.sequence + 1, *waiting.day));
            TRY(db::Query query, tx.prepare(number_text(table)));
            query.bind(kBatch);
            TRY_VOID(query.next());
            step.numbered = query.int64(0);
            step.last = {query.int64(1), query.int64(2)};
        }
        if (in_transaction_ && step.numbered > 0) {
            TRY_VOID(in_transaction_(tx, step.last.sequence - step.numbered));
        }
        // With the commit, so that a bell that rings for it finds the new last number.
        tx.on_commit([this, last = step.last] { numbered_(last); });
        return step;
    });
}

Result<void> Sequencer::number_all() {
    for (;;) {
        TRY(const Step step, number_some());
        if (step.elected && step.numbered < kBatch) return {};
        if (step.elected) continue;
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, kOtherWait, [&] { return stopping_; });
    }
}

void Sequencer::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait_for(lock, kPoll, [&] { return woken_ || stopping_; });
        if (stopping_) return;
        woken_ = false;
        lock.unlock();
        // What fails now, the server being away, is numbered a second later.
        static_cast<void>(number_all());
        lock.lock();
    }
}

}  // namespace larmor::events

#include "queue/sqlite/sqlite_queue.h"

#include <algorithm>

#include "queue/message_id.h"

namespace larmor::queue::sqlite {
namespace {

/// More than a receive takes, so that what is due never piles up; few, so that a million that
/// become due at once cost no receive more than some.
constexpr std::size_t kDueMore = 16;

/// Messages of one state that are due, and the first that is not.
Result<void> find_due(Work& work, std::string_view sql, State state, std::size_t limit,
                      std::vector<Due>& due, std::optional<microseconds>& next) {
    TRY(db::Query query, work.tx.prepare(sql));
    query.bind(work.queue, limit);
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return {};
        const microseconds left = time_of(query.int64(1)) - work.now;
        if (left > microseconds(0)) {
            next = std::min(left, next.value_or(left));
            return {};
        }
        due.push_back({MessageId(query.int64(0)), state, query.int64(2) != 0, query.int64(3)});
    }
}

}  // namespace

struct SqliteQueue::Candidate {
    Message message;
    bool was_started = false;
};

Result<Time> SqliteQueue::now(db::Transaction& /*tx*/) {
    return clock_.now();
}

Result<std::optional<microseconds>> SqliteQueue::bring_back_due(Work& work,
                                                                std::size_t messages_max) {
    std::vector<Due> due;
    std::optional<microseconds> next;
    const std::size_t limit = messages_max + kDueMore;
    TRY_VOID(find_due(work,
                      "SELECT id, hidden_until, started, start_count FROM queue_messages"
                      " WHERE queue = ?1 AND state = 1 ORDER BY hidden_until LIMIT ?2",
                      State::Delayed, limit, due, next));
    TRY_VOID(find_due(work,
                      "SELECT id, hidden_until, started, start_count FROM queue_messages"
                      " WHERE queue = ?1 AND state = 2 ORDER BY hidden_until LIMIT ?2",
                      State::InFlight, limit, due, next));
    for (const auto& message : due) TRY_VOID(bring_back(work, message));
    return next;
}

Result<std::vector<SqliteQueue::Candidate>> SqliteQueue::find_candidates(
    Work& work, const ReceiveOptions& options) {
    std::vector<Candidate> candidates;
    // The index has the version before the order, so that versions that wait for a newer
    // receiver are not stepped over. There are one or two of them.
    for (std::int64_t version = -1;;) {
        {
            TRY(db::Query versions,
                work.tx.prepare(
                    "SELECT min(schema_version) FROM queue_messages WHERE queue = ?1"
                    " AND state = 0 AND schema_version > ?2"
                    " AND schema_version <= ?3"));
            versions.bind(work.queue, version, options.schema_version_max);
            TRY(const bool row, versions.next());
            if (!row || versions.is_null(0)) break;
            version = versions.int64(0);
        }
        TRY(db::Query query,
            work.tx.prepare("SELECT m.id, m.priority, m.started, m.receive_count,"
                            " m.start_count, m.sent_at, m.message_group, m.last_error, b.body"
                            " FROM queue_messages m JOIN queue_bodies b ON b.id = m.id"
                            " WHERE m.queue = ?1 AND m.state = 0 AND m.schema_version = ?2"
                            " ORDER BY m.priority DESC, m.id LIMIT ?3"));
        query.bind(work.queue, version, options.messages_max);
        for (std::size_t bytes = 0; bytes < limits::kBatchBytes;) {
            TRY(const bool row, query.next());
            if (!row) break;
            Candidate& candidate = candidates.emplace_back();
            candidate.was_started = query.int64(2) != 0;
            candidate.message = {.id = MessageId(query.int64(0)),
                                 .body = to_string(query.blob(8)),
                                 .receipt_handle = {},
                                 .receive_count = query.int64(3),
                                 .start_count = query.int64(4),
                                 .suspect = candidate.was_started,
                                 .schema_version = static_cast<std::int32_t>(version),
                                 .priority = static_cast<std::int32_t>(query.int64(1)),
                                 .message_group = query.string(6),
                                 .sent_at = time_of(query.int64(5)),
                                 .last_error = query.string(7)};
            bytes += candidate.message.body.size();
        }
    }
    std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
        if (a.message.priority != b.message.priority) {
            return a.message.priority > b.message.priority;
        }
        return a.message.id < b.message.id;
    });
    return candidates;
}

Result<SqlQueue::Claimed> SqliteQueue::claim(Work& work, const ReceiveOptions& options) {
    Claimed claimed;
    TRY(claimed.next_due, bring_back_due(work, options.messages_max));
    TRY(auto candidates, find_candidates(work, options));
    std::size_t bytes = 0;
    for (auto& candidate : candidates) {
        const bool full =
            claimed.messages.size() == options.messages_max || bytes >= limits::kBatchBytes;
        // What may have killed its worker comes alone.
        const bool alone = candidate.was_started && !claimed.messages.empty();
        if (full || alone) break;
        bytes += candidate.message.body.size();
        TRY(Message message, deliver(work, candidate, options));
        claimed.messages.push_back(std::move(message));
        if (candidate.was_started) break;
    }
    return claimed;
}

Result<Message> SqliteQueue::deliver(Work& work, Candidate& candidate,
                                     const ReceiveOptions& options) {
    Message& message = candidate.message;
    const Receipt receipt{message.id, next_delivery()};
    const bool start = options.start == Start::OnReceive;
    ++message.receive_count;
    if (start) ++message.start_count;
    const int started = start ? 1 : candidate.was_started ? 2 : 0;
    const auto timeout = options.visibility_timeout.value_or(work.settings.visibility_timeout);
    TRY_VOID(
        work.tx.run("UPDATE queue_messages SET state = 2, hidden_until = ?2, receipt = ?3,"
                    " started = ?4, receive_count = ?5, start_count = ?6 WHERE id = ?1",
                    to_int64(message.id), to_stored(work.now + timeout), receipt.delivery,
                    started, message.receive_count, message.start_count));
    --work.change.waiting;
    ++work.change.in_flight;
    message.receipt_handle = to_handle(receipt);
    return std::move(message);
}

Result<SqlQueue::Counted> SqliteQueue::count(Work& work, const Counts& change,
                                             std::int64_t ids) {
    TRY(db::Query query,
        work.tx.prepare(
            "UPDATE queue_counts SET waiting = waiting + ?2, delayed = delayed + ?3,"
            " in_flight = in_flight + ?4, dead = dead + ?5,"
            " last_number = last_number + ?6, last_time = ?7 WHERE queue = ?1"
            " RETURNING last_number, waiting + delayed + in_flight"));
    query.bind(work.queue, change.waiting, change.delayed, change.in_flight, change.dead, ids,
               to_stored(work.now));
    TRY(const bool row, query.next());
    if (!row) return fail(ErrorCode::NotFound, "the queue " + name() + " is gone");
    return Counted{make_id(work.queue, query.int64(0) - ids + 1), query.int64(1)};
}

Result<QueueStats> SqliteQueue::stats() {
    return database().read([&](db::Snapshot& snapshot) -> Result<QueueStats> {
        TRY(db::Query query,
            snapshot.prepare("SELECT waiting, delayed, in_flight, dead, (SELECT sent_at FROM"
                             " queue_messages WHERE id > ?2 AND id < ?3 ORDER BY id LIMIT 1)"
                             " FROM queue_counts WHERE queue = ?1"));
        query.bind(id(), before_ids_of(id()), after_ids_of(id()));
        TRY(const bool row, query.next());
        if (!row) return fail(ErrorCode::NotFound, "the queue " + name() + " is gone");
        QueueStats stats{.waiting = query.int64(0),
                         .delayed = query.int64(1),
                         .in_flight = query.int64(2),
                         .dead = query.int64(3)};
        if (!query.is_null(4)) stats.oldest_age = clock_.now() - time_of(query.int64(4));
        return stats;
    });
}

/// splitmix64 from a random seed: no two deliveries of a message have the same but by an
/// accident of 1 in 2^63.
std::int64_t SqliteQueue::next_delivery() {
    for (;;) {
        deliveries_ += 0x9e3779b97f4a7c15ULL;
        std::uint64_t mixed = deliveries_;
        mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
        mixed = (mixed ^ (mixed >> 31U)) >> 1U;
        if (mixed != 0) return static_cast<std::int64_t>(mixed);
    }
}

}  // namespace larmor::queue::sqlite

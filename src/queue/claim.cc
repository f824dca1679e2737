#include <algorithm>
#include <random>

#include "queue/sql_queue.h"

namespace larmor::queue {
namespace {

/// More than a receive takes, so that what is due never piles up; few, so that a million that
/// become due at once cost no receive more than some.
constexpr std::size_t kDueMore = 16;

// Other processes may be at the same rows: what one has locked, another passes by. SQLite has
// one writer and says more: the first row that is not due tells when to look again.
std::string_view due_text(const db::Transaction& tx, State state) {
    const bool delayed = state == State::Delayed;
    if (tx.dialect() == db::Dialect::Postgres) {
        return delayed ? "SELECT id, hidden_until, started, start_count FROM queue_messages"
                         " WHERE queue = ?1 AND state = 1 AND hidden_until <= ?3"
                         " ORDER BY hidden_until LIMIT ?2 FOR UPDATE SKIP LOCKED"
                       : "SELECT id, hidden_until, started, start_count FROM queue_messages"
                         " WHERE queue = ?1 AND state = 2 AND hidden_until <= ?3"
                         " ORDER BY hidden_until LIMIT ?2 FOR UPDATE SKIP LOCKED";
    }
    return delayed ? "SELECT id, hidden_until, started, start_count FROM queue_messages"
                     " WHERE queue = ?1 AND state = 1 ORDER BY hidden_until LIMIT ?2"
                   : "SELECT id, hidden_until, started, start_count FROM queue_messages"
                     " WHERE queue = ?1 AND state = 2 ORDER BY hidden_until LIMIT ?2";
}

/// Those of the lowest schema version above ?2. The index has the version before the order, so
/// that versions that wait for a newer receiver are not stepped over; there are one or two.
constexpr std::string_view kPick =
    "SELECT m.id, m.priority, m.started, m.receive_count, m.start_count, m.sent_at,"
    " m.message_group, m.last_error, b.body, m.schema_version,"
    " (SELECT max(v.schema_version) FROM queue_messages v"
    " WHERE v.queue = ?1 AND v.state = 0 AND v.schema_version <= ?6)"
    " FROM queue_messages m JOIN queue_bodies b ON b.id = m.id"
    " WHERE m.queue = ?1 AND m.state = 0 AND m.schema_version ="
    " (SELECT min(v.schema_version) FROM queue_messages v WHERE v.queue = ?1"
    " AND v.state = 0 AND v.schema_version > ?2 AND v.schema_version <= ?6)"
    " AND m.priority BETWEEN ?4 AND ?5"
    " ORDER BY m.priority DESC, m.id LIMIT ?3";

std::string_view pick_text(const db::Transaction& tx) {
    static const std::string kLocking = std::string(kPick) + " FOR UPDATE OF m SKIP LOCKED";
    return tx.dialect() == db::Dialect::Postgres ? std::string_view(kLocking) : kPick;
}

/// Those of one schema version and priority with an id above ?4, as long as nothing of a higher
/// priority (up to ?5) waits.
constexpr std::string_view kPickFromPlace =
    "SELECT m.id, m.priority, m.started, m.receive_count, m.start_count, m.sent_at,"
    " m.message_group, m.last_error, b.body, m.schema_version, m.schema_version"
    " FROM queue_messages m JOIN queue_bodies b ON b.id = m.id"
    " WHERE m.queue = ?1 AND m.state = 0 AND m.schema_version = ?2 AND m.priority = ?3"
    " AND m.id > ?4 AND NOT EXISTS (SELECT 1 FROM queue_messages v WHERE v.queue = ?1"
    " AND v.state = 0 AND v.schema_version = ?2 AND v.priority > ?3 AND v.priority <= ?5)"
    " ORDER BY m.id LIMIT ?6 FOR UPDATE OF m SKIP LOCKED";

/// Of the versions above `version` that wait, the lowest one; nothing where there is none.
Result<std::optional<std::int64_t>> next_version(Work& work, std::int64_t version,
                                                 std::int64_t version_max) {
    TRY(db::Query query,
        work.tx.prepare("SELECT min(schema_version) FROM queue_messages WHERE queue = ?1"
                        " AND state = 0 AND schema_version > ?2 AND schema_version <= ?3"));
    query.bind(work.queue, version, version_max);
    TRY(const bool row, query.next());
    if (!row) return std::nullopt;
    return query.optional_int64(0);
}

/// Messages of one state that are due, and the first that is not.
Result<void> find_due(Work& work, State state, std::size_t limit, std::vector<Due>& due,
                      std::optional<microseconds>& next) {
    TRY(db::Query query, work.tx.prepare(due_text(work.tx, state)));
    query.bind(work.queue, limit);
    if (work.tx.dialect() == db::Dialect::Postgres) query.bind_at(3, to_stored(work.now));
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

/// No two deliveries of a message have the same but by an accident of 1 in 2^63.
std::int64_t random_delivery() {
    thread_local std::mt19937_64 random = [] {
        std::random_device device;
        std::seed_seq seed{device(), device(), device(), device()};
        return std::mt19937_64(seed);
    }();
    return std::uniform_int_distribution<std::int64_t>(
        1, std::numeric_limits<std::int64_t>::max())(random);
}

}  // namespace

struct SqlQueue::Candidate {
    Message message;
    bool was_started = false;

    /// From a row of kPick or kPickFromPlace.
    explicit Candidate(const db::Query& query)
        : message{.id = MessageId(query.int64(0)),
                  .body = to_string(query.blob(8)),
                  .receipt_handle = {},
                  .receive_count = query.int64(3),
                  .start_count = query.int64(4),
                  .suspect = query.int64(2) != 0,
                  .schema_version = static_cast<std::int32_t>(query.int64(9)),
                  .priority = static_cast<std::int32_t>(query.int64(1)),
                  .message_group = query.string(6),
                  .sent_at = time_of(query.int64(5)),
                  .last_error = query.string(7)},
          was_started(message.suspect) {}
};

Result<std::optional<microseconds>> SqlQueue::bring_back_due(Work& work,
                                                             std::size_t messages_max) {
    if (!work.may_have_due) return std::nullopt;
    std::vector<Due> due;
    std::optional<microseconds> next;
    const std::size_t limit = messages_max + kDueMore;
    TRY_VOID(find_due(work, State::Delayed, limit, due, next));
    const std::size_t delayed = due.size();
    TRY_VOID(find_due(work, State::InFlight, limit, due, next));
    for (const auto& message : due) TRY_VOID(bring_back(work, message));
    if (delayed < limit && due.size() - delayed < limit) nothing_is_due();
    return next;
}

Result<std::vector<SqlQueue::Candidate>> SqlQueue::find_candidates(
    Work& work, const ReceiveOptions& options) {
    const bool goes_on = place_ && place_->is_of(options) && !work.comes_back &&
                         system_clock().uptime() - place_->looked_at < goes_on_for();
    if (goes_on) {
        TRY(auto candidates, look_from_place(work, options));
        if (candidates.size() == options.messages_max) return candidates;
    }
    // What was just found and locked is found again.
    place_.reset();
    return look_from_front(work, options);
}

Result<std::vector<SqlQueue::Candidate>> SqlQueue::look_from_place(
    Work& work, const ReceiveOptions& options) {
    std::vector<Candidate> candidates;
    TRY(db::Query query, work.tx.prepare(kPickFromPlace));
    query.bind(work.queue, place_->schema_version, place_->priority, to_int64(place_->id),
               options.priority_max, options.messages_max);
    for (std::size_t bytes = 0; bytes < limits::kBatchBytes;) {
        TRY(const bool row, query.next());
        if (!row) break;
        bytes += candidates.emplace_back(query).message.body.size();
    }
    return candidates;
}

Result<std::vector<SqlQueue::Candidate>> SqlQueue::look_from_front(
    Work& work, const ReceiveOptions& options) {
    std::vector<Candidate> candidates;
    for (std::int64_t version = -1;;) {
        std::int64_t last_version = -1;
        std::int64_t picked_version = -1;
        {
            TRY(db::Query query, work.tx.prepare(pick_text(work.tx)));
            query.bind(work.queue, version, options.messages_max, options.priority_min,
                       options.priority_max, options.schema_version_max);
            for (std::size_t bytes = 0; bytes < limits::kBatchBytes;) {
                TRY(const bool row, query.next());
                if (!row) break;
                bytes += candidates.emplace_back(query).message.body.size();
                picked_version = query.int64(9);
                last_version = query.int64(10);
            }
        }
        if (picked_version >= 0) {
            if (picked_version >= last_version) break;
            version = picked_version;
            continue;
        }
        // Nothing waits, or of the lowest version nothing of these priorities.
        TRY(const auto next, next_version(work, version, options.schema_version_max));
        if (!next) break;
        version = *next;
    }
    std::ranges::sort(candidates, [](const Candidate& a, const Candidate& b) {
        if (a.message.priority != b.message.priority) {
            return a.message.priority > b.message.priority;
        }
        return a.message.id < b.message.id;
    });
    return candidates;
}

void SqlQueue::remember_place(Work& work, const ReceiveOptions& options,
                              const std::vector<Message>& received) {
    const Message& last = received.back();
    const auto looked_at = place_ ? place_->looked_at : system_clock().uptime();
    place_ = {.priority_min = options.priority_min,
              .priority_max = options.priority_max,
              .schema_version_max = options.schema_version_max,
              .schema_version = last.schema_version,
              .priority = last.priority,
              .id = last.id,
              .looked_at = looked_at};
    // Then what was received still waits.
    work.tx.on_rollback([this] { place_.reset(); });
}

Result<SqlQueue::Claimed> SqlQueue::claim(Work& work, const ReceiveOptions& options) {
    Claimed claimed;
    TRY(claimed.next_due, bring_back_due(work, options.messages_max));
    TRY(auto candidates, find_candidates(work, options));
    if (candidates.size() < options.messages_max) {
        TRY(const bool asked, look_again(work));
        if (asked && work.may_have_due) {
            TRY(claimed.next_due, bring_back_due(work, options.messages_max));
            TRY(candidates, find_candidates(work, options));
        }
    }
    std::vector<Delivery> deliveries;
    std::size_t bytes = 0;
    for (auto& candidate : candidates) {
        const bool full =
            claimed.messages.size() == options.messages_max || bytes >= limits::kBatchBytes;
        // What may have killed its worker comes alone.
        const bool alone = candidate.was_started && !claimed.messages.empty();
        if (full || alone) break;
        bytes += candidate.message.body.size();
        deliveries.push_back(deliver(candidate, options.start));
        claimed.messages.push_back(std::move(candidate.message));
        if (candidate.was_started) break;
    }
    const auto is_like_first = [&](const Message& message) {
        return message.schema_version == claimed.messages.front().schema_version;
    };
    // All that was asked for and found, and nothing that was found was left: only then is
    // nothing before the last one.
    if (claimed.messages.size() == options.messages_max &&
        candidates.size() == options.messages_max &&
        std::ranges::all_of(claimed.messages, is_like_first)) {
        remember_place(work, options, claimed.messages);
    } else {
        place_.reset();
    }
    const auto timeout = options.visibility_timeout.value_or(work.settings.visibility_timeout);
    TRY_VOID(deliver_all(work, deliveries, work.now + timeout));
    return claimed;
}

Delivery SqlQueue::deliver(Candidate& candidate, Start when) {
    Message& message = candidate.message;
    const Receipt receipt{message.id, random_delivery()};
    const bool start = when == Start::OnReceive ||
                       (when == Start::OnReceiveUnlessSuspect && !candidate.was_started);
    message.is_started = start;
    ++message.receive_count;
    if (start) ++message.start_count;
    message.receipt_handle = to_handle(receipt);
    const int started = start ? 1 : candidate.was_started ? 2 : 0;
    return {receipt, started, message.receive_count, message.start_count};
}

}  // namespace larmor::queue

#include "queue/sql_queue.h"

#include <algorithm>
#include <set>

#include "queue/check_input.h"
#include "queue/dead_letter_rows.h"
#include "queue/late_rows.h"
#include "queue/message_id.h"

namespace larmor::queue {
namespace {

/// Rows that redrive and purge take in one transaction: some milliseconds.
constexpr std::size_t kPage = 500;
constexpr std::size_t kListMax = 1000;

/// Before ids are taken, so that ids of a group rise in the order in which they commit; in one
/// order, so that two senders do not wait for each other.
Result<void> lock_groups(Work& work, std::span<const NewMessage> messages) {
    if (work.tx.dialect() == db::Dialect::Sqlite) return {};
    std::set<std::string_view> groups;
    for (const auto& message : messages) groups.insert(message.message_group);
    for (const auto group : groups) TRY_VOID(lock_group(work, group));
    return {};
}

}  // namespace

QueueSettings SqlQueue::settings() const {
    const std::lock_guard lock(mutex_);
    return settings_;
}

void SqlQueue::set_settings(const QueueSettings& settings) {
    const std::lock_guard lock(mutex_);
    settings_ = settings;
}

Result<void> SqlQueue::end(Work& work) {
    if (work.comes_back) place_.reset();
    if (work.change != Counts{}) TRY_VOID(count(work, work.change, 0));
    if (work.receivable > 0) announce_after_commit(work);
    return {};
}

void SqlQueue::announce_after_commit(Work& work) {
    work.tx.on_commit([this, messages = work.receivable] {
        hints_.announce(messages);
        announced(messages);
    });
}

Result<Receipt> SqlQueue::receipt_of(const std::string& handle) const {
    TRY(const Receipt receipt, parse_handle(handle));
    if (queue_of(receipt.id) == id_) return receipt;
    return fail(ErrorCode::InvalidInput,
                "the receipt handle belongs to another queue than " + name_);
}

template <typename F>
Result<void> SqlQueue::on_delivery(db::Transaction& tx, const std::string& receipt_handle,
                                   F step) {
    TRY(const Receipt receipt, receipt_of(receipt_handle));
    TRY(Work work, begin(tx));
    TRY_VOID(step(work, receipt));
    return end(work);
}

Result<std::vector<Sent>> SqlQueue::send(db::Transaction& tx,
                                         std::span<const NewMessage> messages) {
    if (messages.empty()) return std::vector<Sent>();
    TRY(Work work, begin(tx));
    TRY_VOID(check_messages(messages, work.settings));
    // Counted as they look, in the statement that gives the ids; what turns out to be behind
    // its group or a duplicate is put right afterwards.
    Counts expected;
    for (const auto& message : messages) expected.add(state_after(message.delay), 1);
    if (work.settings.fifo) TRY_VOID(lock_groups(work, messages));
    TRY(const Counted counted,
        count(work, expected, static_cast<std::int64_t>(messages.size())));
    TRY(auto sent, insert_all(work, messages, counted.ids));
    const Counts correction = work.change - expected;
    if (counted.depth + correction.depth() > work.settings.depth_max) {
        return tl::unexpected(is_full());
    }
    work.change = correction;
    TRY_VOID(end(work));
    return sent;
}

Error SqlQueue::is_full() const {
    return {ErrorCode::LimitExceeded, "the queue " + name_ + " holds " +
                                          std::to_string(settings().depth_max) +
                                          " messages, its depth_max"};
}

Result<std::vector<Sent>> SqlQueue::insert_all(Work& work, std::span<const NewMessage> messages,
                                               std::span<const MessageId> ids) {
    std::vector<Sent> sent;
    sent.reserve(messages.size());
    std::size_t late = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const auto& message = messages[i];
        const MessageId id = ids[i];
        if (!message.deduplication_id.empty()) {
            TRY(const auto earlier, remember(work, message.deduplication_id, id));
            if (earlier) {
                sent.push_back({*earlier, true});
                continue;
            }
        }
        TRY_VOID(insert_message(work, {.id = id,
                                       .schema_version = message.schema_version,
                                       .priority = message.priority,
                                       .delay = message.delay,
                                       .message_group = message.message_group}));
        TRY_VOID(insert_body(work, id, message.body));
        if (message.is_late) {
            TRY_VOID(note_late(work, id));
            ++late;
        }
        sent.push_back({id, false});
    }
    if (late > 0) TRY_VOID(forget_late(work, 2 * late));
    return sent;
}

Result<void> SqlQueue::start(db::Transaction& tx, const std::string& receipt_handle) {
    return on_delivery(tx, receipt_handle, mark_started);
}

Result<void> SqlQueue::extend(db::Transaction& tx, const std::string& receipt_handle,
                              microseconds timeout) {
    TRY_VOID(check_visibility_timeout(timeout));
    return on_delivery(tx, receipt_handle, [&](Work& work, const Receipt& receipt) {
        return hide_until(work, receipt, work.now + timeout);
    });
}

Result<void> SqlQueue::remove(db::Transaction& tx,
                              std::span<const std::string> receipt_handles) {
    std::vector<Receipt> receipts;
    for (const auto& handle : receipt_handles) {
        TRY(const Receipt receipt, receipt_of(handle));
        receipts.push_back(receipt);
    }
    if (receipts.empty()) return {};
    TRY(Work work, begin(tx));
    TRY(const auto good, remove_all_delivered(work, receipts));
    if (std::ranges::count(good, false) > 0) return tl::unexpected(stale_receipt());
    return end(work);
}

Result<void> SqlQueue::release(db::Transaction& tx, const std::string& receipt_handle,
                               const Release& release) {
    TRY_VOID(check_release(release));
    return on_delivery(tx, receipt_handle, [&](Work& work, const Receipt& receipt) {
        return give_back(work, receipt, release);
    });
}

Result<void> SqlQueue::dead_letter(db::Transaction& tx, const std::string& receipt_handle,
                                   const std::string& reason, const std::string& error) {
    TRY_VOID(check_reason(reason));
    return on_delivery(tx, receipt_handle, [&](Work& work, const Receipt& receipt) {
        return bury_delivered(work, receipt, reason, error);
    });
}

Result<std::vector<Unfinished>> SqlQueue::list_oldest(db::Snapshot& snapshot,
                                                      std::size_t head_bytes) {
    return read_oldest(snapshot, id_, head_bytes);
}

Result<std::vector<DeadLetter>> SqlQueue::list_dead_letters(MessageId after,
                                                            std::size_t limit) {
    return database_.read([&](db::Snapshot& snapshot) {
        return read_dead_letters(snapshot, id_, after, std::min(limit, kListMax));
    });
}

Result<std::string> SqlQueue::read_body(MessageId id) {
    if (queue_of(id) != id_) return fail(ErrorCode::NotFound, "the message is not in " + name_);
    return database_.read(
        [&](db::Snapshot& snapshot) { return read_stored_body(snapshot, id); });
}

template <typename F>
Result<std::int64_t> SqlQueue::by_pages(F page) {
    for (std::int64_t total = 0;;) {
        TRY(const std::int64_t rows,
            database_.write_and_wait([&](db::Transaction& tx) -> Result<std::int64_t> {
                TRY(Work work, begin(tx));
                TRY(const std::int64_t taken, page(work));
                TRY_VOID(end(work));
                return taken;
            }));
        total += rows;
        if (rows < static_cast<std::int64_t>(kPage)) return total;
    }
}

Result<std::int64_t> SqlQueue::redrive(std::span<const MessageId> ids) {
    std::int64_t total = 0;
    while (!ids.empty()) {
        const auto page = ids.first(std::min(kPage, ids.size()));
        ids = ids.subspan(page.size());
        TRY(const std::int64_t sent,
            database_.write_and_wait([&](db::Transaction& tx) -> Result<std::int64_t> {
                TRY(Work work, begin(tx));
                TRY(const Counted counted,
                    count(work, {}, static_cast<std::int64_t>(page.size())));
                std::int64_t done = 0;
                for (const auto id : page) {
                    if (queue_of(id) != id_) continue;
                    const MessageId as = counted.ids[static_cast<std::size_t>(done)];
                    TRY(const bool there, redrive_letter(work, id, as));
                    if (there) ++done;
                }
                TRY_VOID(forget_late(work, 2 * page.size()));
                TRY_VOID(end(work));
                return done;
            }));
        total += sent;
    }
    return total;
}

Result<std::int64_t> SqlQueue::redrive_all() {
    // Those that are there now: one that dies again meanwhile has an id behind them.
    TRY(const MessageId last, last_id());
    std::int64_t total = 0;
    for (MessageId after{};;) {
        TRY(const auto letters, list_dead_letters(after, kPage));
        std::vector<MessageId> ids;
        for (const auto& letter : letters) {
            if (letter.id <= last) ids.push_back(letter.id);
        }
        if (ids.empty()) return total;
        TRY(const std::int64_t sent, redrive(ids));
        total += sent;
        after = ids.back();
    }
}

Result<std::int64_t> SqlQueue::purge() {
    TRY(const MessageId last, last_id());
    return by_pages([&](Work& work) { return purge_messages(work, last, kPage); });
}

Result<std::int64_t> SqlQueue::purge_dead_letters() {
    TRY(const MessageId last, last_id());
    return by_pages([&](Work& work) { return purge_letters(work, last, kPage); });
}

Result<MessageId> SqlQueue::last_id() {
    return database_.write_and_wait([&](db::Transaction& tx) -> Result<MessageId> {
        TRY(Work work, begin(tx));
        return last_id(work);
    });
}

Result<QueueStats> SqlQueue::stats() {
    return database_.read([&](db::Snapshot& snapshot) -> Result<QueueStats> {
        QueueStats stats;
        std::optional<Time> oldest;
        {
            TRY(db::Query query,
                snapshot.prepare("SELECT CAST(coalesce(sum(waiting), 0) AS BIGINT),"
                                 " CAST(coalesce(sum(delayed), 0) AS BIGINT),"
                                 " CAST(coalesce(sum(in_flight), 0) AS BIGINT),"
                                 " CAST(coalesce(sum(dead), 0) AS BIGINT),"
                                 " CAST(coalesce(sum(sent), 0) AS BIGINT),"
                                 " (SELECT sent_at FROM queue_messages"
                                 " WHERE id > ?2 AND id < ?3 ORDER BY id LIMIT 1)"
                                 " FROM queue_counts WHERE queue = ?1"));
            query.bind(id_, before_ids_of(id_), after_ids_of(id_));
            TRY_VOID(query.next());
            stats.waiting = query.int64(0);
            stats.delayed = query.int64(1);
            stats.in_flight = query.int64(2);
            stats.dead = query.int64(3);
            stats.sent = query.int64(4);
            if (!query.is_null(5)) oldest = time_of(query.int64(5));
        }
        if (oldest) {
            TRY(const Time time, now(snapshot));
            stats.oldest_age = time - *oldest;
        }
        return stats;
    });
}

}  // namespace larmor::queue

#include "queue/message_sets.h"

#include <map>

namespace larmor::queue {
namespace {

/// An array as PostgreSQL reads it.
class ArrayText {
public:
    void add(std::int64_t number) {
        text_ += text_.empty() ? '{' : ',';
        text_ += std::to_string(number);
    }
    std::string end() && { return std::move(text_) + '}'; }

private:
    std::string text_;
};

bool is_one_by_one(const Work& work) {
    return work.tx.dialect() == db::Dialect::Sqlite;
}

template <typename F>
Result<std::vector<bool>> one_by_one(Work& work, std::span<const Receipt> receipts, F f) {
    std::vector<bool> good;
    for (const auto& receipt : receipts) {
        const Result<void> outcome = f(work, receipt);
        if (!outcome && outcome.error().code != ErrorCode::Conflict) {
            return tl::unexpected(outcome.error());
        }
        good.push_back(outcome.has_value());
    }
    return good;
}

/// Runs a statement on the deliveries that gives message and number of those that were in
/// flight.
Result<std::vector<bool>> on_set(Work& work, std::span<const Receipt> receipts,
                                 std::string_view sql) {
    ArrayText ids;
    ArrayText numbers;
    std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> places;
    for (std::size_t i = 0; i < receipts.size(); ++i) {
        // Of two handles for one delivery the first has it.
        const std::pair delivery(to_int64(receipts[i].id), receipts[i].delivery);
        if (!places.emplace(delivery, i).second) continue;
        ids.add(delivery.first);
        numbers.add(delivery.second);
    }
    std::vector<bool> good(receipts.size(), false);
    const std::string id_array = std::move(ids).end();
    const std::string number_array = std::move(numbers).end();
    TRY(db::Query query, work.tx.prepare(sql));
    query.bind(id_array, number_array, to_stored(work.now));
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return good;
        const auto place = places.find({query.int64(0), query.int64(1)});
        if (place != places.end()) good[place->second] = true;
    }
}

}  // namespace

Result<void> deliver_all(Work& work, std::span<const Delivery> deliveries, Time hidden_until) {
    if (deliveries.empty()) return {};
    const auto count = static_cast<std::int64_t>(deliveries.size());
    work.change.waiting -= count;
    work.change.in_flight += count;
    if (is_one_by_one(work)) {
        for (const auto& delivery : deliveries) {
            TRY_VOID(work.tx.run(
                "UPDATE queue_messages SET state = 2, hidden_until = ?2, receipt = ?3,"
                " started = ?4, receive_count = ?5, start_count = ?6 WHERE id = ?1",
                to_int64(delivery.receipt.id), to_stored(hidden_until),
                delivery.receipt.delivery, delivery.started, delivery.receive_count,
                delivery.start_count));
        }
        return {};
    }
    ArrayText ids;
    ArrayText numbers;
    ArrayText started;
    ArrayText receive_counts;
    ArrayText start_counts;
    for (const auto& delivery : deliveries) {
        ids.add(to_int64(delivery.receipt.id));
        numbers.add(delivery.receipt.delivery);
        started.add(delivery.started);
        receive_counts.add(delivery.receive_count);
        start_counts.add(delivery.start_count);
    }
    return work.tx.run_later(
        "UPDATE queue_messages m SET state = 2, hidden_until = ?6, receipt = d.receipt,"
        " started = d.started, receive_count = d.receive_count, start_count = d.start_count"
        " FROM unnest(CAST(?1 AS BIGINT[]), CAST(?2 AS BIGINT[]), CAST(?3 AS INTEGER[]),"
        " CAST(?4 AS BIGINT[]), CAST(?5 AS BIGINT[]))"
        " AS d (id, receipt, started, receive_count, start_count) WHERE m.id = d.id",
        std::move(ids).end(), std::move(numbers).end(), std::move(started).end(),
        std::move(receive_counts).end(), std::move(start_counts).end(),
        to_stored(hidden_until));
}

Result<std::vector<bool>> mark_all_started(Work& work, std::span<const Receipt> receipts) {
    if (is_one_by_one(work)) return one_by_one(work, receipts, mark_started);
    return on_set(work, receipts,
                  "UPDATE queue_messages m SET started = 1,"
                  " start_count = m.start_count + CASE m.started WHEN 1 THEN 0 ELSE 1 END"
                  " FROM unnest(CAST(?1 AS BIGINT[]), CAST(?2 AS BIGINT[])) AS d (id, receipt)"
                  " WHERE m.id = d.id AND m.receipt = d.receipt AND m.state = 2"
                  " AND m.hidden_until > ?3 RETURNING m.id, m.receipt");
}

Result<std::vector<bool>> remove_all_delivered(Work& work, std::span<const Receipt> receipts) {
    // The next one of each group has to be found.
    if (is_one_by_one(work) || work.settings.fifo) {
        return one_by_one(work, receipts, remove_delivered);
    }
    TRY(auto good,
        on_set(work, receipts,
               "WITH gone AS (DELETE FROM queue_messages m"
               " USING unnest(CAST(?1 AS BIGINT[]), CAST(?2 AS BIGINT[])) AS d (id, receipt)"
               " WHERE m.id = d.id AND m.receipt = d.receipt AND m.state = 2"
               " AND m.hidden_until > ?3 RETURNING m.id, m.receipt),"
               " bodies AS (DELETE FROM queue_bodies b USING gone WHERE b.id = gone.id)"
               " SELECT id, receipt FROM gone"));
    work.change.in_flight -= std::ranges::count(good, true);
    return good;
}

}  // namespace larmor::queue

#include <algorithm>

#include "queue/check_input.h"
#include "queue/sql_queue.h"

namespace larmor::queue {
namespace {

Hints::Takes takes_of(const ReceiveOptions& options) {
    const ReceiveOptions any;
    return options.priority_min == any.priority_min && options.priority_max == any.priority_max
               ? Hints::Takes::Any
               : Hints::Takes::Some;
}

/// Whether one claim can serve both.
bool want_the_same(const ReceiveOptions& a, const ReceiveOptions& b) {
    return a.visibility_timeout == b.visibility_timeout && a.start == b.start &&
           a.schema_version_max == b.schema_version_max && a.priority_min == b.priority_min &&
           a.priority_max == b.priority_max;
}

template <typename In>
bool always(const In& /*first*/, const In& /*other*/) {
    return true;
}

/// Larger calls gain nothing from company, and 256 of them would be one long request.
constexpr std::size_t kSentTogether = 20;

/// What one call sends does not depend on what another one sends.
bool is_plain(const NewMessage& message) {
    return message.deduplication_id.empty() && message.message_group.empty();
}

}  // namespace

SqlQueue::SqlQueue(db::Database& database, QueueRow row, std::chrono::nanoseconds poll_every)
    : database_(database),
      id_(row.id),
      name_(std::move(row.name)),
      poll_every_(poll_every),
      settings_(row.settings),
      sends_(
          database,
          [this](db::Transaction& tx, std::span<const Messages> calls) {
              return send_for_all(tx, calls);
          },
          always<Messages>),
      receives_(
          database,
          [this](db::Transaction& tx, std::span<const ReceiveOptions> calls) {
              return claim_for_all(tx, calls);
          },
          want_the_same),
      starts_(
          database,
          [this](db::Transaction& tx, Receipts receipts) {
              return on_deliveries(tx, receipts, mark_all_started);
          },
          always<Receipt>),
      removals_(
          database,
          [this](db::Transaction& tx, Receipts receipts) {
              return on_deliveries(tx, receipts, remove_all_delivered);
          },
          always<Receipt>) {}

async::Task<Result<std::vector<Sent>>> SqlQueue::send(std::vector<NewMessage> messages) {
    const bool goes_together = !messages.empty() && messages.size() <= kSentTogether &&
                               std::ranges::all_of(messages, is_plain);
    if (!goes_together) co_return co_await Queue::send(std::move(messages));
    co_return co_await sends_.run(messages);
}

Result<std::vector<Result<std::vector<Sent>>>> SqlQueue::send_for_all(
    db::Transaction& tx, std::span<const Messages> calls) {
    TRY(Work work, begin(tx));
    std::vector<Result<std::vector<Sent>>> outcomes(calls.size());
    Counts expected;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        if (auto good = check_messages(calls[i], work.settings); !good) {
            outcomes[i] = tl::unexpected(std::move(good).error());
            continue;
        }
        for (const auto& message : calls[i]) expected.add(state_after(message.delay), 1);
    }
    if (expected.depth() == 0) return outcomes;
    TRY(const Counted counted, count(work, expected, expected.depth()));
    std::int64_t depth = counted.depth - expected.depth();
    std::span<const MessageId> ids = counted.ids;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        if (!outcomes[i]) continue;
        const auto size = static_cast<std::int64_t>(calls[i].size());
        if (depth + size > work.settings.depth_max) {
            outcomes[i] = tl::unexpected(is_full());
            continue;
        }
        TRY(outcomes[i], insert_all(work, calls[i], ids.first(calls[i].size())));
        ids = ids.subspan(calls[i].size());
        depth += size;
    }
    work.change = work.change - expected;
    TRY_VOID(end(work));
    return outcomes;
}

async::Task<Result<std::vector<Message>>> SqlQueue::receive(ReceiveOptions options) {
    CO_TRY_VOID(check_receive(options));
    const auto deadline = async::Deadline::after(options.wait_max);
    while (!options.stop.cancelled()) {
        const auto seen = hints_.seen();
        CO_TRY(Claimed claimed, co_await receives_.run(options));
        if (!claimed.messages.empty() || deadline.expired()) {
            co_return std::move(claimed.messages);
        }
        auto wait = std::min(deadline.remaining(), poll_every_);
        if (claimed.next_due)
            wait = std::min<std::chrono::nanoseconds>(wait, *claimed.next_due);
        co_await hints_.wait(seen, wait, takes_of(options), options.stop);
    }
    co_return std::vector<Message>();
}

Result<std::vector<Result<SqlQueue::Claimed>>> SqlQueue::claim_for_all(
    db::Transaction& tx, std::span<const ReceiveOptions> calls) {
    TRY(Work work, begin(tx));
    std::vector<Result<Claimed>> outcomes;
    while (outcomes.size() < calls.size()) {
        const auto left = calls.subspan(outcomes.size());
        ReceiveOptions together = left.front();
        together.messages_max = 0;
        for (const auto& call : left) together.messages_max += call.messages_max;
        // No more than one call may take: the database gives all rows of an answer at once.
        together.messages_max = std::min(together.messages_max, limits::kMessages);
        TRY(Claimed claimed, claim(work, together));
        auto& messages = claimed.messages;
        if (messages.empty()) {
            while (outcomes.size() < calls.size()) {
                outcomes.emplace_back(Claimed{{}, claimed.next_due});
            }
            break;
        }
        auto next = messages.begin();
        for (const auto& call : left) {
            if (next == messages.end()) break;  // the batch was full, or a suspect is alone
            const auto count =
                std::min<std::ptrdiff_t>(std::distance(next, messages.end()),
                                         static_cast<std::ptrdiff_t>(call.messages_max));
            Claimed share;
            std::move(next, next + count, std::back_inserter(share.messages));
            next += count;
            outcomes.emplace_back(std::move(share));
        }
    }
    TRY_VOID(end(work));
    return outcomes;
}

template <typename F>
Result<std::vector<Result<void>>> SqlQueue::on_deliveries(db::Transaction& tx,
                                                          Receipts receipts, F f) {
    TRY(Work work, begin(tx));
    TRY(const auto good, f(work, receipts));
    TRY_VOID(end(work));
    std::vector<Result<void>> outcomes(receipts.size());
    for (std::size_t i = 0; i < receipts.size(); ++i) {
        if (!good[i]) outcomes[i] = tl::unexpected(stale_receipt());
    }
    return outcomes;
}

async::Task<Result<void>> SqlQueue::start(std::string receipt_handle) {
    CO_TRY(const Receipt receipt, receipt_of(receipt_handle));
    co_return co_await starts_.run(receipt);
}

async::Task<Result<void>> SqlQueue::remove(std::vector<std::string> receipt_handles) {
    // Several are all or none, which others must not share.
    if (receipt_handles.size() != 1) co_return co_await Queue::remove(receipt_handles);
    CO_TRY(const Receipt receipt, receipt_of(receipt_handles.front()));
    co_return co_await removals_.run(receipt);
}

}  // namespace larmor::queue

#pragma once
#include <atomic>
#include <memory>
#include <mutex>

#include "queue/combiner.h"
#include "queue/hints.h"
#include "queue/message_sets.h"
#include "queue/place.h"
#include "queue/queue.h"

namespace larmor::queue {

/// A row of the table `queues`.
struct QueueRow {
    std::int64_t id = 0;
    std::string name;
    QueueSettings settings;
};

/// What the drivers on SQL have in common: all but the clock, the ids and the counting.
class SqlQueue : public Queue {
public:
    const std::string& name() const final { return name_; }
    QueueSettings settings() const final;
    void set_settings(const QueueSettings& settings);
    std::int64_t id() const { return id_; }
    /// Another process has sent so many.
    void hint(std::int64_t messages) { hints_.announce(messages); }

    Result<std::vector<Sent>> send(db::Transaction& tx,
                                   std::span<const NewMessage> messages) final;
    async::Task<Result<std::vector<Sent>>> send(std::vector<NewMessage> messages) final;
    async::Task<Result<std::vector<Message>>> receive(ReceiveOptions options) final;
    Result<void> start(db::Transaction& tx, const std::string& receipt_handle) final;
    async::Task<Result<void>> start(std::string receipt_handle) final;
    Result<void> extend(db::Transaction& tx, const std::string& receipt_handle,
                        microseconds timeout) final;
    Result<void> remove(db::Transaction& tx,
                        std::span<const std::string> receipt_handles) final;
    async::Task<Result<void>> remove(std::vector<std::string> receipt_handles) final;
    Result<void> release(db::Transaction& tx, const std::string& receipt_handle,
                         const Release& release) final;
    Result<void> dead_letter(db::Transaction& tx, const std::string& receipt_handle,
                             const std::string& reason, const std::string& error) final;

    Result<QueueStats> stats() final;
    Result<std::vector<Unfinished>> list_oldest(db::Snapshot& snapshot,
                                                std::size_t head_bytes) final;
    Result<std::vector<DeadLetter>> list_dead_letters(MessageId after, std::size_t limit) final;
    Result<std::string> read_body(MessageId id) final;
    Result<std::int64_t> redrive(std::span<const MessageId> ids) final;
    Result<std::int64_t> redrive_all() final;
    Result<std::int64_t> purge() final;
    Result<std::int64_t> purge_dead_letters() final;

    using Queue::dead_letter;
    using Queue::extend;
    using Queue::release;
    using Queue::remove;
    using Queue::send;

protected:
    struct Claimed {
        std::vector<Message> messages;
        /// Until the next delay or visibility timeout ends, where there is any.
        std::optional<microseconds> next_due;
    };

    SqlQueue(db::Database& database, QueueRow row, std::chrono::nanoseconds poll_every);

    db::Database& database() final { return database_; }

    /// What one call works on, at the time that the queue's clock has now.
    virtual Result<Work> begin(db::Transaction& tx) = 0;
    /// Where `begin` went by what was known already, asks; false where it had asked.
    virtual Result<bool> look_again(Work& /*work*/) { return false; }
    virtual Result<Time> now(db::Snapshot& snapshot) = 0;
    /// How long receives go on from where the last one ended before one looks at the front
    /// again; 0 where looking there costs nothing.
    virtual microseconds goes_on_for() const { return {}; }
    /// Everything that was due has been brought back.
    virtual void nothing_is_due() {}
    struct Counted {
        std::vector<MessageId> ids;  ///< taken, rising
        std::int64_t depth = 0;      ///< afterwards, where ids were taken
    };
    /// Adds to the counts and takes so many ids. Errors: NotFound (no such queue).
    virtual Result<Counted> count(Work& work, const Counts& change, std::int64_t ids) = 0;
    /// So many can be received since a commit of this process. Quick.
    virtual void announced(std::int64_t /*messages*/) {}
    /// No message has a larger id now.
    virtual Result<MessageId> last_id(Work& work) = 0;

    /// Counts what was changed; announces, after the commit, what can be received.
    Result<void> end(Work& work);

private:
    Result<Receipt> receipt_of(const std::string& handle) const;
    Result<MessageId> last_id();
    struct Candidate;
    /// Brings back what is due and takes what can be received.
    Result<Claimed> claim(Work& work, const ReceiveOptions& options);
    /// Lets what is due come back, some of it at a time; gives when the next is due, where that
    /// is known.
    Result<std::optional<microseconds>> bring_back_due(Work& work, std::size_t messages_max);
    Result<std::vector<Candidate>> find_candidates(Work& work, const ReceiveOptions& options);
    Result<std::vector<Candidate>> look_from_place(Work& work, const ReceiveOptions& options);
    Result<std::vector<Candidate>> look_from_front(Work& work, const ReceiveOptions& options);
    void remember_place(Work& work, const ReceiveOptions& options,
                        const std::vector<Message>& received);
    /// Completes the message.
    static Delivery deliver(Candidate& candidate, Start when);
    /// One for each id; counts what is behind its group or a duplicate as what it is.
    static Result<std::vector<Sent>> insert_all(Work& work,
                                                std::span<const NewMessage> messages,
                                                std::span<const MessageId> ids);
    Error is_full() const;
    // What Combiner runs for calls that came together.
    using Messages = std::span<const NewMessage>;
    Result<std::vector<Result<std::vector<Sent>>>> send_for_all(
        db::Transaction& tx, std::span<const Messages> calls);
    using Receipts = std::span<const Receipt>;
    Result<std::vector<Result<Claimed>>> claim_for_all(db::Transaction& tx,
                                                       std::span<const ReceiveOptions> calls);
    template <typename F>
    Result<std::vector<Result<void>>> on_deliveries(db::Transaction& tx, Receipts receipts,
                                                    F f);
    /// begin, then `step` on the delivery, then end.
    template <typename F>
    Result<void> on_delivery(db::Transaction& tx, const std::string& receipt_handle, F step);
    void announce_after_commit(Work& work);
    /// Calls `page`, which gives how many rows it took, in transactions of their own until it
    /// takes less than a page.
    template <typename F>
    Result<std::int64_t> by_pages(F page);

    db::Database& database_;
    const std::int64_t id_;
    const std::string name_;
    const std::chrono::nanoseconds poll_every_;
    mutable std::mutex mutex_;
    QueueSettings settings_;
    Hints hints_;
    std::optional<Place> place_;  ///< of the writer's thread
    Combiner<Messages, std::vector<Sent>> sends_;
    Combiner<ReceiveOptions, Claimed> receives_;
    Combiner<Receipt, void> starts_;
    Combiner<Receipt, void> removals_;
};

}  // namespace larmor::queue

#include "db/postgres/reader_pool.h"

#include <thread>

#include "async/retry.h"

namespace larmor::db::postgres {

using std::chrono::steady_clock;

class ReaderPool::ReadSnapshot final : public Snapshot {
public:
    explicit ReadSnapshot(Connection& connection) : connection_(connection) {}
    Result<Query> prepare(std::string_view sql) override {
        if (connection_.is_past_deadline()) {
            return fail(ErrorCode::Unavailable,
                        "SQL: the snapshot was held longer than its limit");
        }
        return connection_.prepare(sql);
    }
    Dialect dialect() const override { return Dialect::Postgres; }
    Result<Time> now() override { return connection_.now(); }

private:
    Connection& connection_;
};

ReaderPool::ReaderPool(Connection::Settings settings, Limits limits)
    : settings_(std::move(settings)), limits_(limits), slots_(limits.connections) {
    for (Slot& slot : slots_) free_.push_back(&slot);
}

Result<ReaderPool::Slot*> ReaderPool::take(steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_until(lock, until, [&] { return !free_.empty(); })) {
        return fail(ErrorCode::Unavailable, "all " + std::to_string(slots_.size()) +
                                                " readers of the library are busy");
    }
    // The last one given back: the others may never be opened.
    Slot* const slot = free_.back();
    free_.pop_back();
    return slot;
}

void ReaderPool::give_back(Slot* slot) {
    {
        const std::lock_guard lock(mutex_);
        free_.push_back(slot);
    }
    freed_.notify_one();
}

Result<void> ReaderPool::connect(Slot& slot, steady_clock::time_point until) {
    if (slot && !slot->is_closed_by_server()) return {};
    slot.reset();
    const async::RetryOptions backoff{.delay_first = std::chrono::milliseconds(50),
                                      .delay_max = std::chrono::milliseconds(1000)};
    for (unsigned attempt = 1;; ++attempt) {
        auto opened = Connection::open(settings_);
        if (opened) {
            slot = std::move(*opened);
            return {};
        }
        const auto delay = async::backoff_delay(backoff, attempt, async::random_unit());
        if (opened.error().code != ErrorCode::Unavailable ||
            steady_clock::now() + delay > until) {
            return tl::unexpected(out_of_reach(opened.error()));
        }
        std::this_thread::sleep_for(delay);
    }
}

Result<void> ReaderPool::run(const std::function<void(Snapshot&)>& f) {
    const auto until = steady_clock::now() + limits_.wait;
    TRY(Slot* const slot, take(until));
    const std::unique_ptr<Slot, std::function<void(Slot*)>> returned(
        slot, [this](Slot* done) { give_back(done); });
    TRY_VOID(connect(*slot, until));
    Connection& connection = **slot;
    connection.set_deadline(steady_clock::now() + limits_.held);

    // With the first statement: the snapshot is of the moment when that begins.
    TRY_VOID(connection.send("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    // Also when f throws: an open transaction would keep old rows from being cleaned up.
    const std::unique_ptr<Connection, void (*)(Connection*)> ended(
        &connection, [](Connection* done) {
            constexpr std::chrono::seconds kRollbackWait{5};
            done->set_deadline(steady_clock::now() + kRollbackWait);
            static_cast<void>(done->await_sent());
            static_cast<void>(done->send("ROLLBACK"));
            done->sync();
        });
    ReadSnapshot snapshot(connection);
    f(snapshot);
    return {};
}

}  // namespace larmor::db::postgres

#include "faults/queue/recording_queue.h"

#include <memory>

#include "base/result.h"

namespace larmor::queue::testing {
namespace {

/// Of the request that this thread, a writer's, runs.
thread_local std::vector<RecordedAct>* acts_of_request = nullptr;

Ending ending_of(const Result<void>& outcome) {
    if (outcome) return Ending::Ok;
    // Any other error may have come after the commit.
    return outcome.error().code == ErrorCode::Conflict ? Ending::Failed : Ending::Unknown;
}

}  // namespace

class RecordingDatabase::Recorded final : public db::WriteRequest {
public:
    Recorded(HistoryFile& history, db::WriteRequest& request)
        : history_(history), request_(request) {}

    Result<void> run(db::Transaction& tx) override {
        std::vector<RecordedAct> acts;
        acts_of_request = &acts;
        auto result = request_.run(tx);
        acts_of_request = nullptr;
        if (!acts.empty()) history_.called(call_, when_, acts);
        recorded_ = recorded_ || !acts.empty();
        return result;
    }
    void done(Result<void> outcome) override {
        const std::unique_ptr<Recorded> self(this);
        if (recorded_) history_.ended(call_, ending_of(outcome));
        request_.done(std::move(outcome));
    }

private:
    HistoryFile& history_;
    db::WriteRequest& request_;
    const Interval when_ = HistoryFile::begin();
    const std::uint64_t call_ = history_.next_call();
    bool recorded_ = false;
};

void RecordingDatabase::submit(db::WriteRequest& request) {
    real_.submit(*new Recorded(history_, request));  // gone when it is done
}

Result<void> RecordingDatabase::with_snapshot(const std::function<void(db::Snapshot&)>& f) {
    return real_.read([&](db::Snapshot& snapshot) -> Result<void> {
        f(snapshot);
        return {};
    });
}

void RecordingDatabase::note(RecordedAct act) {
    LARMOR_CHECK(acts_of_request != nullptr);
    acts_of_request->push_back(std::move(act));
}

Result<std::vector<Sent>> RecordingQueue::send(db::Transaction& tx,
                                               std::span<const NewMessage> messages) {
    for (const auto& message : messages) RecordingDatabase::note({"send", message.body});
    return real_.send(tx, messages);
}

async::Task<Result<std::vector<Message>>> RecordingQueue::receive(ReceiveOptions options) {
    const Interval when = HistoryFile::begin();
    auto messages = co_await real_.receive(options);
    if (messages) history_.received(when, *messages);
    co_return messages;
}

Result<void> RecordingQueue::start(db::Transaction& tx, const std::string& receipt_handle) {
    RecordingDatabase::note({"start", receipt_handle});
    return real_.start(tx, receipt_handle);
}

Result<void> RecordingQueue::extend(db::Transaction& tx, const std::string& receipt_handle,
                                    microseconds timeout) {
    RecordingDatabase::note({"extend", receipt_handle});
    return real_.extend(tx, receipt_handle, timeout);
}

Result<void> RecordingQueue::remove(db::Transaction& tx,
                                    std::span<const std::string> receipt_handles) {
    for (const auto& handle : receipt_handles) RecordingDatabase::note({"remove", handle});
    return real_.remove(tx, receipt_handles);
}

Result<void> RecordingQueue::release(db::Transaction& tx, const std::string& receipt_handle,
                                     const Release& release) {
    RecordingDatabase::note({"release", receipt_handle});
    return real_.release(tx, receipt_handle, release);
}

Result<void> RecordingQueue::dead_letter(db::Transaction& tx, const std::string& receipt_handle,
                                         const std::string& reason, const std::string& error) {
    RecordingDatabase::note({"dead_letter", receipt_handle});
    return real_.dead_letter(tx, receipt_handle, reason, error);
}

}  // namespace larmor::queue::testing

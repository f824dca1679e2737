#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "events/event_log.h"

namespace larmor::events {

/// Gives numbers to events that were committed without, where many processes write: one of them
/// at a time, which holds a lock as long as its transaction lasts. It moves what it sees into
/// the log, in the order of their ids, which is that of the commits for each subject; what is
/// committed later gets a later number, so that no reader passes it. Has a thread from `start`
/// on, which looks when it is woken and once a second.
class Sequencer {
public:
    /// `numbered` is called with the last number, from any thread.
    Sequencer(db::Database& database, std::function<void(Position)> numbered);
    ~Sequencer();
    /// See EventLog::start_numbering.
    void start(EventLog::Numbered in_transaction);
    Sequencer(const Sequencer&) = delete;
    Sequencer& operator=(const Sequencer&) = delete;

    /// There is something to number. Does not block.
    void wake();
    /// See EventLog::number_committed.
    Result<void> number_all();

private:
    struct Step {
        bool elected = false;  ///< false: another process is at it
        std::int64_t numbered = 0;
        Position last{};
    };
    Result<Step> number_some();
    void run();

    db::Database& database_;
    const std::function<void(Position)> numbered_;
    EventLog::Numbered in_transaction_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = true;  // something may be left from the last time
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace larmor::events

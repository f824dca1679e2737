#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "async/completion.h"
#include "async/task.h"
#include "audit/record.h"
#include "audit/trail.h"
#include "audit/windows.h"
#include "base/clock.h"

namespace larmor::audit {

struct LogOptions {
    TrailOptions trail;
    Windows::Options windows;
    std::size_t queue_max = 4096;  ///< records that wait to be written; over it: Unavailable
    std::chrono::milliseconds anchor_every{60'000};
    const Clock* clock = &system_clock();
};

/// The record of who did what with patient data: append-only, hash-chained, durable before the
/// answer. One thread writes; everybody who waits shares its sync. Safe from any thread.
///
///     CO_TRY_VOID(co_await log.record({.action = Action::Retrieve, ...}));  // then answer
class Log {
public:
    /// Opens the trail in its folder, or begins it. What it finds wrong with it becomes a
    /// record and a line of the process's log. Errors: those of the disk.
    static Result<std::unique_ptr<Log>> open(LogOptions options);
    /// Writes what waits, what windows counted, and the anchor.
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    /// Ends when the act is on record for good: its own record is durable, or it was counted in
    /// a window that such a record had opened. Errors: NoSpace, Unavailable: then nobody may
    /// see what the act would show.
    async::Task<Result<void>> record(Entry entry);
    /// The same for whoever has a thread to wait with.
    Result<void> record_and_wait(Entry entry);

    /// True when the act was counted in an open window: no more is to be done. Costs less than
    /// a microsecond and no wait; saves the making of what only a record needs.
    bool count(const Entry& entry);
    /// Puts it on record without waiting: for what shows nothing to nobody, like a refusal. A
    /// full queue drops it and counts that.
    void note(Entry entry);

    /// Errors: why the last batch could not be written; nothing once one could be again.
    Result<void> check_writable() const;

    /// Has `written` called whenever records have become durable, on the log's thread: it may
    /// not wait. An empty function ends that; none is running when this returns.
    void watch(std::function<void()> written);

    const std::filesystem::path& folder() const { return folder_; }

private:
    struct Pending;
    struct Metrics;
    using Batch = std::vector<std::unique_ptr<Pending>>;
    explicit Log(LogOptions options);
    Result<void> enqueue(std::unique_ptr<Pending> pending);

    // On the thread.
    void run();
    /// What waits by now, at most a batch; empty when it is time for something else.
    Batch next_batch(Windows::Steady::time_point until);
    void write_waiting(Batch batch);
    void write_closed();
    void probe();
    Result<void> append(std::vector<Record>& records);
    void write_anchor();

    const LogOptions options_;
    const std::filesystem::path folder_;
    Windows windows_;
    std::unique_ptr<Metrics> metrics_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::unique_ptr<Pending>> queue_;
    bool stopping_ = false;
    std::optional<Error> unwritable_;
    std::mutex watch_mutex_;
    std::function<void()> written_;
    std::unique_ptr<Trail> trail_;  ///< of the thread, as the next two
    std::vector<Record> closed_;    ///< counts of windows that are not on record yet
    Time unwritable_since_{};
    std::thread thread_;
};

}  // namespace larmor::audit

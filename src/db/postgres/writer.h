#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "db/postgres/commit_marks.h"
#include "db/postgres/connection.h"
#include "db/write_queue.h"

namespace larmor::db::postgres {

struct WriterOptions {
    Connection::Settings connection;
    WriteQueue::Limits queue;
    std::chrono::milliseconds group_limit{0};     ///< of one transaction
    std::chrono::milliseconds reconnect_wait{0};  ///< for a server that is gone
};

/// The one thread that writes. One, because that is what keeps a group's commits few, and what
/// the memory of the catalog stands on; processes are what runs in parallel.
///
/// Read committed: a statement sees what was committed before it, and waits for rows that
/// others have locked. A group that can't go on (a deadlock) is rolled back, and its requests
/// run again one by one, so that each holds few locks.
class Writer {
public:
    explicit Writer(WriterOptions options, std::unique_ptr<Connection> connection);
    /// Runs what is queued to its end.
    ~Writer();

    void submit(WriteRequest& request) { queue_.submit(request); }
    void before_commit(WriteQueue::Hook hook) { queue_.before_commit(std::move(hook)); }
    WriterStats stats() const { return queue_.stats(); }
    std::uint64_t reconnects() const { return reconnects_; }

private:
    using Requests = std::span<WriteRequest* const>;
    using Outcomes = std::span<Result<void>>;
    using SteadyTime = std::chrono::steady_clock::time_point;
    class GroupTransaction;
    /// Unclear: a statement failed, and of which request is not known.
    enum class Attempt : std::uint8_t { Done, InTheWay, Lost, Unclear };
    /// Quick: the answers to what a request sent last are awaited with the next one's, which
    /// saves a round trip each. OneByOne: by itself, so that its errors are its own.
    enum class Pace : std::uint8_t { Quick, OneByOne };

    void run();
    void run_group(Requests requests, Outcomes outcomes);
    /// With Done, `outcomes` are final; otherwise nothing has happened, and the first error
    /// says why.
    Attempt try_group(Requests requests, Outcomes outcomes, Pace pace);
    Attempt give_up(GroupTransaction& transaction, Outcomes outcomes, const Error& why);
    Result<void> run_request(WriteRequest& request, GroupTransaction& transaction,
                             bool is_alone, Pace pace);
    static bool is_unclear(GroupTransaction& transaction, Pace pace);
    Attempt give_up_unclear(GroupTransaction& transaction);
    Attempt commit(GroupTransaction& transaction, Outcomes outcomes, Pace pace);
    /// Asks what became of a transaction whose commit was not answered.
    Attempt settle(std::int64_t number, GroupTransaction& transaction, Outcomes outcomes);
    Result<void> introduce();
    Result<void> connect(SteadyTime until);

    const WriterOptions options_;

    WriteQueue queue_;
    std::atomic<std::uint64_t> reconnects_{0};

    // Of the writer's thread only.
    std::unique_ptr<Connection> connection_;
    const std::int64_t name_ = random_writer_name();
    bool is_introduced_ = false;
    std::int64_t commits_ = 0;  ///< numbers given to commits, also to those that failed
    bool is_down_ = false;      ///< nobody waits for a server that was waited for in vain

    std::thread thread_;
};

}  // namespace larmor::db::postgres

#pragma once
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "db/sqlite/checkpointer.h"
#include "db/sqlite/connection.h"
#include "db/write_queue.h"

namespace larmor::db::sqlite {

struct WriterOptions {
    WriteQueue::Limits queue;
    std::uint64_t wal_bytes = 0;
    std::function<void(const Error&)> on_write_failure{};
};

/// The one thread that writes: takes what waits, runs each request in its savepoint, commits
/// once.
class Writer {
public:
    Writer(std::unique_ptr<Connection> connection, std::unique_ptr<Connection> checkpointer,
           WriterOptions options);
    /// Runs what is queued to its end.
    ~Writer();

    void submit(WriteRequest& request) { queue_.submit(request); }
    void before_commit(WriteQueue::Hook hook) { queue_.before_commit(std::move(hook)); }
    WriterStats stats() const { return queue_.stats(); }
    std::uint64_t checkpoints() const { return checkpointer_.count(); }

private:
    class GroupTransaction;

    void run();
    /// Runs one group; outcome per request.
    void run_group(std::vector<WriteRequest*>& group, std::vector<Result<void>>& outcomes);
    Result<void> run_in_savepoint(WriteRequest& request, GroupTransaction& transaction);
    Result<void> commit(GroupTransaction& transaction);
    void note_io_error(const Error& error, int extended_code);

    const std::unique_ptr<Connection> connection_;
    const std::unique_ptr<Connection> copying_;
    const WriterOptions options_;
    WriteQueue queue_;
    Checkpointer checkpointer_;
    std::thread thread_;
};

}  // namespace larmor::db::sqlite

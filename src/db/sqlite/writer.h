#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "db/database.h"
#include "db/sqlite/checkpoint_policy.h"
#include "db/sqlite/connection.h"

namespace larmor::db::sqlite {

struct WriterOptions {
    std::size_t queued_max = 0;
    std::size_t group_max = 0;
    std::uint64_t wal_bytes = 0;
    std::function<void(const Error&)> on_write_failure{};
};

/// The one thread that writes: takes what waits, runs each request in its savepoint, commits
/// once. A second thread copies the write-ahead log back, so that commits go on meanwhile.
class Writer {
public:
    Writer(std::unique_ptr<Connection> connection, std::unique_ptr<Connection> checkpointer,
           WriterOptions options);
    /// Runs what is queued to its end.
    ~Writer();

    void submit(WriteRequest& request);
    void before_commit(std::function<Result<void>(Transaction&)> hook);
    WriterStats stats() const;
    std::uint64_t checkpoints() const;

private:
    using Hooks = std::vector<std::function<Result<void>(Transaction&)>>;
    class GroupTransaction;

    void run();
    /// Runs one group; outcome per request.
    void run_group(std::vector<WriteRequest*>& group, std::vector<Result<void>>& outcomes);
    Result<void> run_in_savepoint(WriteRequest& request, GroupTransaction& transaction);
    Result<void> commit(GroupTransaction& transaction);
    Result<void> run_hooks(GroupTransaction& transaction);
    void note_io_error(const Error& error, int extended_code);
    void checkpoint_between_groups();
    void run_checkpointer();
    /// As much of it as nobody reads in its old state.
    CheckpointTry copy_log_back(Connection& connection);
    static int on_log_grown(void* self, sqlite3* handle, const char* schema, int frames);

    const std::unique_ptr<Connection> connection_;
    const std::unique_ptr<Connection> checkpointer_;
    const WriterOptions options_;

    mutable std::mutex mutex_;
    std::condition_variable queue_changed_;
    std::condition_variable log_is_long_;
    std::deque<WriteRequest*> queue_;
    std::shared_ptr<const Hooks> hooks_ = std::make_shared<Hooks>();
    WriterStats stats_;
    std::uint64_t checkpoints_ = 0;
    bool stopping_ = false;
    std::optional<Error> broken_;  ///< why nothing is written any more
    enum class Checkpoint : std::uint8_t { Idle, Wanted, Running, Copied };
    Checkpoint checkpoint_ = Checkpoint::Idle;
    CheckpointTry attempt_;  ///< the last one, where it is Copied

    // Of the writer's thread only.
    std::uint64_t log_pages_ = 0;
    CheckpointPolicy policy_;

    std::thread checkpoint_thread_;
    std::thread thread_;
};

}  // namespace larmor::db::sqlite

#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "db/sqlite/checkpoint_policy.h"
#include "db/sqlite/connection.h"

namespace larmor::db::sqlite {

/// A thread that copies the write-ahead log back into the library, so that commits go on
/// meanwhile; in place of SQLite's own checkpoint inside of a commit, which would hold
/// everybody up.
class Checkpointer {
public:
    struct Callbacks {
        /// From its thread: there is something to do `between_groups`.
        std::function<void()> wake_writer;
        /// From both threads, with the extended code of SQLite.
        std::function<void(const Error&, int)> on_io_error;
    };
    /// Both connections outlive it: `writing` is the writer's, whose log is watched from here
    /// on.
    Checkpointer(Connection& writing, Connection& copying, std::uint64_t log_pages_max,
                 Callbacks callbacks);
    ~Checkpointer();
    Checkpointer(const Checkpointer&) = delete;
    Checkpointer& operator=(const Checkpointer&) = delete;

    /// On the writer's thread, while nothing is written.
    void between_groups();
    /// Nobody waits for it any more.
    void stop();
    /// Tries that ended.
    std::uint64_t count() const;

private:
    enum class State : std::uint8_t { Idle, Wanted, Running, Copied };

    void run();
    /// As much of it as nobody reads in its old state.
    CheckpointTry copy_log_back(Connection& connection);
    static int on_log_grown(void* self, sqlite3* handle, const char* schema, int frames);

    Connection& writing_;
    Connection& copying_;
    const Callbacks callbacks_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    State state_ = State::Idle;
    CheckpointTry attempt_;  ///< the last one, where it is Copied
    std::uint64_t count_ = 0;
    bool stopping_ = false;

    // Of the writer's thread only.
    std::uint64_t log_pages_ = 0;
    CheckpointPolicy policy_;

    std::thread thread_;
};

}  // namespace larmor::db::sqlite

#include "db/sqlite/checkpointer.h"

#include <utility>

#include "async/executor.h"

namespace larmor::db::sqlite {

Checkpointer::Checkpointer(Connection& writing, Connection& copying,
                           std::uint64_t log_pages_max, Callbacks callbacks)
    : writing_(writing),
      copying_(copying),
      callbacks_(std::move(callbacks)),
      policy_(log_pages_max) {
    sqlite3_wal_hook(writing_.handle(), &Checkpointer::on_log_grown, this);
    thread_ = std::thread([this] {
        async::name_this_thread("db-checkpoint");
        run();
    });
}

Checkpointer::~Checkpointer() {
    stop();
    thread_.join();
    sqlite3_wal_hook(writing_.handle(), nullptr, nullptr);
}

void Checkpointer::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
}

std::uint64_t Checkpointer::count() const {
    const std::lock_guard lock(mutex_);
    return count_;
}

int Checkpointer::on_log_grown(void* self, sqlite3* /*handle*/, const char* /*schema*/,
                               int frames) {
    static_cast<Checkpointer*>(self)->log_pages_ = static_cast<std::uint64_t>(frames);
    return SQLITE_OK;
}

void Checkpointer::between_groups() {
    CheckpointTry attempt;
    {
        std::unique_lock lock(mutex_);
        if (state_ == State::Idle && policy_.is_due(log_pages_, CheckpointTry::Clock::now())) {
            state_ = State::Wanted;
            changed_.notify_all();
        }
        // A disk that copies more slowly than commits come must not make the log endless.
        if (policy_.commits_wait(log_pages_)) {
            changed_.wait(lock, [&] { return stopping_ || state_ == State::Copied; });
        }
        if (state_ != State::Copied) return;
        state_ = State::Idle;
        ++count_;
        attempt = attempt_;
    }
    if (!CheckpointPolicy::ends_between_commits(log_pages_, attempt)) {
        policy_.tried(log_pages_, attempt);
        return;
    }
    // The other thread has copied all but the frames of the last moment. Copying these here,
    // while nothing is written, lets the next commit begin the log anew instead of making it
    // longer.
    attempt = copy_log_back(writing_);
    if (attempt.is_held_back()) {
        policy_.tried(log_pages_, attempt);
    } else {
        policy_.copied_all();
        log_pages_ = 0;
    }
}

CheckpointTry Checkpointer::copy_log_back(Connection& connection) {
    const auto start = CheckpointTry::Clock::now();
    int log = 0;
    int copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(connection.handle(), nullptr,
                                               SQLITE_CHECKPOINT_PASSIVE, &log, &copied);
    const auto end = CheckpointTry::Clock::now();
    if (code == SQLITE_OK) {
        return {.log_pages = static_cast<std::uint64_t>(log),
                .copied_pages = static_cast<std::uint64_t>(copied),
                .took = end - start,
                .ended = end};
    }
    // Busy: somebody else is at it, or has locked the library.
    if (code != SQLITE_BUSY) {
        callbacks_.on_io_error(error_of(code, connection.handle(), "checkpoint"), code);
    }
    return {.log_pages = 1, .copied_pages = 0, .took = end - start, .ended = end};
}

void Checkpointer::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return stopping_ || state_ == State::Wanted; });
        if (stopping_) return;
        state_ = State::Running;
        lock.unlock();
        const CheckpointTry attempt = copy_log_back(copying_);
        lock.lock();
        attempt_ = attempt;
        state_ = State::Copied;
        changed_.notify_all();
        lock.unlock();
        callbacks_.wake_writer();
        lock.lock();
    }
}

}  // namespace larmor::db::sqlite

#pragma once
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>

#include "async/completion.h"
#include "async/task.h"

namespace larmor::ingest {

/// One at a time for each name, first come, first served; names do not wait for each other. For
/// decisions that rest on what is stored under a name: without it, arrivals of one instance at
/// the same moment would take them all over again each time another one is stored. Safe from
/// any thread.
class Turns {
public:
    /// Ends the turn when destroyed.
    class [[nodiscard]] Turn {
    public:
        Turn(Turns& turns, std::string name) : turns_(&turns), name_(std::move(name)) {}
        Turn(Turn&& other) noexcept
            : turns_(std::exchange(other.turns_, nullptr)), name_(std::move(other.name_)) {}
        Turn& operator=(Turn&&) = delete;
        ~Turn() {
            if (turns_ != nullptr) turns_->end(name_);
        }

    private:
        Turns* turns_;
        std::string name_;
    };

    async::Task<Turn> take(std::string name);

private:
    using Waiting = std::deque<async::Completion<>*>;
    /// True when it is the caller's turn at once; otherwise `turn` is set when it is.
    bool begin(const std::string& name, async::Completion<>& turn);
    void end(const std::string& name);

    std::mutex mutex_;
    std::unordered_map<std::string, Waiting> busy_;
};

}  // namespace larmor::ingest

#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "async/completion.h"
#include "workers/step.h"

namespace larmor::workers::testing {

/// A step that does what the test says, and notes each run. By default it writes its message
/// into the table `results`.
class ScriptedStep final : public Step {
public:
    using Script = std::function<async::Task<Result<Verdict>>(queue::Message message,
                                                              async::CancelToken stop)>;
    struct Run {
        std::string body;
        bool suspect = false;
        std::int64_t receive_count = 0;
    };

    /// Before the pool starts.
    void on(const std::string& body, Script script) { scripts_[body] = std::move(script); }
    /// Called when a run begins; any thread.
    void notify(std::function<void()> notify) { notify_ = std::move(notify); }

    std::vector<Run> runs() const {
        const std::lock_guard lock(mutex_);
        return runs_;
    }
    std::size_t runs_of(const std::string& body) const {
        const auto all = runs();
        return static_cast<std::size_t>(
            std::ranges::count(all, body, [](const Run& run) { return run.body; }));
    }

    async::Task<Result<Verdict>> run(queue::Message message, async::CancelToken stop) override {
        {
            const std::lock_guard lock(mutex_);
            runs_.push_back({message.body, message.suspect, message.receive_count});
        }
        notify_();
        const auto script = scripts_.find(message.body);
        if (script == scripts_.end()) co_return written(message);
        co_return co_await script->second(std::move(message), std::move(stop));
    }

    static Verdict written(const queue::Message& message) {
        return Done{[body = message.body,
                     delivery = message.receive_count](db::Transaction& tx) -> Result<void> {
            TRY_VOID(
                tx.run("INSERT INTO results (body, delivery) VALUES (?1, ?2)", body, delivery));
            return {};
        }};
    }

private:
    std::map<std::string, Script> scripts_;
    std::function<void()> notify_ = [] {};
    mutable std::mutex mutex_;
    std::vector<Run> runs_;
};

}  // namespace larmor::workers::testing

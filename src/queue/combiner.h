#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "async/completion.h"
#include "async/task.h"
#include "db/database.h"

namespace larmor::queue {

/// Calls that wait for the writer at the same time become one request of it: what each would do
/// in statements of its own, one statement does for all. A call has an outcome of its own; only
/// an error of the database is that of all that went together. Must outlive its calls.
template <typename In, typename Out>
class Combiner {
public:
    /// An outcome for each, in their order. May be called again after a rollback. On the
    /// writer's thread.
    using Step =
        std::function<Result<std::vector<Result<Out>>>(db::Transaction&, std::span<const In>)>;
    /// Whether a call can go with the one that waits longest.
    using Joins = bool (*)(const In& first, const In& other);

    Combiner(db::Database& database, Step step, Joins joins)
        : database_(database), step_(std::move(step)), joins_(joins) {}

    async::Task<Result<Out>> run(In in) {
        Call call{std::move(in), {}};
        enter(call);
        co_return co_await call.done;
    }

private:
    /// Lives in the frame of its task.
    struct Call {
        In in;
        async::Completion<Result<Out>> done;
    };

    /// Takes its calls when the writer comes to it, so that as many as possible go together.
    class Batch final : public db::WriteRequest {
    public:
        explicit Batch(Combiner& combiner) : combiner_(combiner) {}
        Result<void> run(db::Transaction& tx) override {
            take();
            TRY(outcomes_, combiner_.step_(tx, inputs_));
            LARMOR_CHECK(outcomes_.size() == calls_.size());
            return {};
        }
        void done(Result<void> outcome) override {
            const std::unique_ptr<Batch> self(this);
            take();  // where it was refused before it ran
            for (std::size_t i = 0; i < calls_.size(); ++i) {
                if (outcome) {
                    calls_[i]->done.set(std::move(outcomes_[i]));
                } else {
                    calls_[i]->done.set(tl::unexpected(outcome.error()));
                }
            }
        }

    private:
        void take() {
            if (!calls_.empty()) return;
            calls_ = combiner_.take();
            for (const Call* call : calls_) inputs_.push_back(call->in);
        }
        Combiner& combiner_;
        std::vector<Call*> calls_;
        std::vector<In> inputs_;
        std::vector<Result<Out>> outcomes_;
    };

    void enter(Call& call) {
        {
            const std::lock_guard lock(mutex_);
            waiting_.push_back(&call);
            if (is_submitted_) return;
            is_submitted_ = true;
        }
        submit();
    }

    /// The batch ends itself once it is done.
    void submit() { database_.submit(*std::make_unique<Batch>(*this).release()); }

    std::vector<Call*> take() {
        std::vector<Call*> taken;
        {
            const std::lock_guard lock(mutex_);
            const auto first = waiting_.front();
            std::vector<Call*> left;
            for (Call* call : waiting_) {
                const bool goes = taken.size() < kCallsMax && joins_(first->in, call->in);
                (goes ? taken : left).push_back(call);
            }
            waiting_ = std::move(left);
            is_submitted_ = !waiting_.empty();
            if (!is_submitted_) return taken;
        }
        submit();
        return taken;
    }

    static constexpr std::size_t kCallsMax = 256;

    db::Database& database_;
    const Step step_;
    const Joins joins_;
    std::mutex mutex_;
    std::vector<Call*> waiting_;
    bool is_submitted_ = false;  ///< a batch waits that has not taken its calls
};

}  // namespace larmor::queue

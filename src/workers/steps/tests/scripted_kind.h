#pragma once
#include <atomic>
#include <functional>
#include <string>

#include "jobs/kind.h"

namespace larmor::workers::testing {

/// Counts from its checkpoint to a total, `at_once` items a piece; what the test says happens
/// before each piece.
class CountingKind final : public jobs::Kind {
public:
    std::int64_t total = 10;
    std::int64_t at_once = 1;
    /// Gets the item that is next; may wait. An error is that of the piece.
    std::function<async::Task<Result<void>>(std::int64_t next, async::CancelToken stop)> before;
    std::atomic<int> starts{0};

    Result<void> check(db::Snapshot& /*snapshot*/,
                       const std::string& /*parameters*/) const override {
        return {};
    }
    Result<std::unique_ptr<jobs::Run>> start(const jobs::Jobs::Begun& begun) override {
        ++starts;
        return std::make_unique<Counting>(*this, begun.job.progress.done);
    }

private:
    class Counting final : public jobs::Run {
    public:
        Counting(CountingKind& kind, std::int64_t done) : kind_(kind), done_(done) {}

        async::Task<Result<jobs::Piece>> next(async::CancelToken stop) override {
            if (kind_.before && !stop.cancelled()) {
                auto passed = co_await kind_.before(done_, stop);
                if (!passed) co_return tl::unexpected(std::move(passed).error());
            }
            jobs::Piece piece;
            piece.is_last = done_ >= kind_.total;
            if (!piece.is_last && !stop.cancelled()) {
                done_ = std::min(done_ + kind_.at_once, kind_.total);
            }
            jobs::Step step;
            step.progress = {done_, kind_.total, "items"};
            step.checkpoint = R"({"done":)" + std::to_string(done_) + '}';
            step.result = R"({"counted":)" + std::to_string(done_) + '}';
            piece.write = [step](db::Transaction&) -> Result<jobs::Step> { return step; };
            co_return piece;
        }

    private:
        CountingKind& kind_;
        std::int64_t done_;
    };
};

}  // namespace larmor::workers::testing

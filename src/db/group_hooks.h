#pragma once
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "base/result.h"

namespace larmor::db {

/// What the requests of a group want to be called for; the same in every driver.
class GroupHooks {
public:
    void commit_after(std::function<Result<void>()> wait) { waits_.push_back(std::move(wait)); }
    void on_rollback(std::function<void()> undo) { undo_.push_back(std::move(undo)); }
    void on_commit(std::function<void()> done) { done_.push_back(std::move(done)); }

    struct Mark {
        std::size_t wait = 0;
        std::size_t undo = 0;
        std::size_t done = 0;
    };
    Mark mark() const { return {waits_.size(), undo_.size(), done_.size()}; }
    /// Undoes what came since, latest first, and forgets it.
    void roll_back_to(Mark mark) {
        while (undo_.size() > mark.undo) {
            const auto undo = std::move(undo_.back());
            undo_.pop_back();
            undo();
        }
        waits_.resize(mark.wait);
        done_.resize(mark.done);
    }
    Result<void> wait() {
        for (auto& wait : waits_) TRY_VOID(wait());
        return {};
    }
    void committed() {
        for (auto& done : done_) done();
    }

private:
    std::vector<std::function<Result<void>()>> waits_;
    std::vector<std::function<void()>> undo_;
    std::vector<std::function<void()>> done_;
};

}  // namespace larmor::db

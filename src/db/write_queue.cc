#include "db/write_queue.h"

#include <algorithm>
#include <string>
#include <utility>

namespace larmor::db {

void WriteQueue::submit(WriteRequest& request) {
    Result<void> refused;
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            refused = fail(ErrorCode::Unavailable, "the library is being closed");
        } else if (refusal_) {
            refused = tl::unexpected(*refusal_);
        } else if (requests_.size() >= limits_.queued_max) {
            refused =
                fail(ErrorCode::Unavailable,
                     "more than " + std::to_string(limits_.queued_max) + " writes are waiting");
        } else {
            was_empty = requests_.empty();
            requests_.push_back(&request);
        }
    }
    if (!refused) {
        request.done(std::move(refused));
    } else if (was_empty) {
        changed_.notify_one();
    }
}

void WriteQueue::before_commit(Hook hook) {
    const std::lock_guard lock(mutex_);
    auto hooks = std::make_shared<Hooks>(*hooks_);
    hooks->push_back(std::move(hook));
    hooks_ = std::move(hooks);
}

WriterStats WriteQueue::stats() const {
    const std::lock_guard lock(mutex_);
    WriterStats stats = stats_;
    stats.queued = requests_.size();
    stats.read_only = refusal_.has_value();
    return stats;
}

void WriteQueue::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    changed_.notify_all();
}

void WriteQueue::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    changed_.notify_all();
}

bool WriteQueue::refuse(Error why) {
    const std::lock_guard lock(mutex_);
    if (refusal_) return false;
    refusal_ = std::move(why);
    return true;
}

std::optional<Error> WriteQueue::refusal() const {
    const std::lock_guard lock(mutex_);
    return refusal_;
}

bool WriteQueue::take(std::vector<WriteRequest*>& group) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !requests_.empty() || closed_ || woken_; });
    if (requests_.empty() && closed_) return false;
    woken_ = false;
    const auto count =
        static_cast<std::ptrdiff_t>(std::min(requests_.size(), limits_.group_max));
    group.assign(requests_.begin(), requests_.begin() + count);
    requests_.erase(requests_.begin(), requests_.begin() + count);
    return true;
}

bool WriteQueue::pause(std::chrono::nanoseconds time) {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, time, [&] { return closed_; });
}

Result<void> WriteQueue::run_hooks(Transaction& transaction) const {
    std::shared_ptr<const Hooks> hooks;
    {
        const std::lock_guard lock(mutex_);
        hooks = hooks_;
    }
    for (const auto& hook : *hooks) TRY_VOID(hook(transaction));
    return {};
}

void WriteQueue::count_group(std::size_t succeeded, std::size_t failed) {
    const std::lock_guard lock(mutex_);
    stats_.groups += succeeded > 0 ? 1 : 0;
    stats_.requests += succeeded;
    stats_.failed += failed;
    stats_.group_max = std::max<std::uint64_t>(stats_.group_max, succeeded);
}

void WriteQueue::count_commit(std::chrono::steady_clock::duration took) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    const std::lock_guard lock(mutex_);
    stats_.commit_us += static_cast<std::uint64_t>(us);
}

void WriteQueue::count_run_again(std::size_t requests) {
    const std::lock_guard lock(mutex_);
    stats_.run_again += requests;
}

}  // namespace larmor::db

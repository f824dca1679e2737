#include "workers/steps/document_batcher.h"

#include <utility>

namespace larmor::workers {

DocumentBatcher::DocumentBatcher(index::Target& target)
    : target_(target), limits_(target.batch_limits()) {
    for (std::size_t i = 0; i < limits_.threads; ++i) {
        threads_.emplace_back([this] { run(); });
    }
}

DocumentBatcher::~DocumentBatcher() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
}

bool DocumentBatcher::is_full() const {
    return waiting_.size() >= limits_.documents_max ||
           waiting_instances_ >= limits_.instances_max;
}

void DocumentBatcher::wait_for_room() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_stopping_ || !is_full(); });
}

async::Task<DocumentBatcher::Applied> DocumentBatcher::apply(index::ImageSetDocument document,
                                                             Wait wait) {
    async::Completion<Applied> done;
    {
        const std::lock_guard lock(mutex_);
        waiting_instances_ += document.instances.size();
        waiting_.push_back({std::move(document), &done});
        is_urgent_ = is_urgent_ || wait == Wait::No;
    }
    changed_.notify_all();
    co_return co_await done;
}

void DocumentBatcher::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        changed_.wait_for(lock, limits_.window, [this] { return may_begin(); });
        if (waiting_.empty()) continue;
        auto batch = std::exchange(waiting_, {});
        waiting_instances_ = 0;
        is_urgent_ = false;
        lock.unlock();
        changed_.notify_all();
        apply_batch(std::move(batch));
        lock.lock();
    }
}

void DocumentBatcher::apply_batch(std::vector<Waiting> batch) {
    std::vector<index::ImageSetDocument> documents;
    documents.reserve(batch.size());
    for (auto& one : batch) documents.push_back(std::move(one.document));
    auto outcomes = target_.apply_batch(documents);
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i].done->set(std::move(outcomes[i]));
}

}  // namespace larmor::workers

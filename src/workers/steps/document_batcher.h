#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "async/completion.h"
#include "async/task.h"
#include "index/target.h"

namespace larmor::workers {

/// Brings documents that are made one by one to a target that takes many at a time: threads
/// apply what has come since one of them last did.
class DocumentBatcher {
public:
    using Applied = Result<index::Target::Applied>;

    /// `target` must outlive it.
    explicit DocumentBatcher(index::Target& target);
    /// What waits is applied first.
    ~DocumentBatcher();
    DocumentBatcher(const DocumentBatcher&) = delete;
    DocumentBatcher& operator=(const DocumentBatcher&) = delete;

    /// Blocks while so much waits that the next batch is full: before one makes a document.
    void wait_for_room();
    /// Whether it waits for others that would go with it.
    enum class Wait : std::uint8_t { Yes, No };
    /// On an executor: its outcome, when its batch is done.
    async::Task<Applied> apply(index::ImageSetDocument document, Wait wait);

private:
    struct Waiting {
        index::ImageSetDocument document;
        async::Completion<Applied>* done;  ///< in the frame of who waits
    };
    void run();
    bool is_full() const;
    bool may_begin() const { return is_stopping_ || is_urgent_ || is_full(); }
    void apply_batch(std::vector<Waiting> batch);

    index::Target& target_;
    const index::BatchLimits limits_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Waiting> waiting_;
    std::size_t waiting_instances_ = 0;
    bool is_urgent_ = false;
    bool is_stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace larmor::workers

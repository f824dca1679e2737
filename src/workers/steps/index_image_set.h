#pragma once
#include <atomic>
#include <optional>
#include <variant>

#include "async/periodic.h"
#include "async/worker_pool.h"
#include "catalog/catalog.h"
#include "db/database.h"
#include "index/document_source.h"
#include "index/image_set_message.h"
#include "index/target.h"
#include "queue/queue.h"
#include "workers/step.h"
#include "workers/steps/document_batcher.h"

namespace larmor::workers {

/// Keeps one target of the index equal to the catalog: writes the image set, or the import job,
/// of the message as it is now. A target that is down, full or refuses us is asked every
/// second, and takes no messages until it is back (`may_receive`), so that none of them becomes
/// a dead letter for it.
class IndexImageSet final : public Step {
public:
    struct Services {
        db::Database& database;
        objects::ObjectStore& store;
        const catalog::Catalog& catalog;
        index::Target& target;
        queue::Queue& queue;  ///< its own
    };
    IndexImageSet(const Services& services, unsigned documents_max);
    ~IndexImageSet() override;

    async::Task<Result<Verdict>> run(queue::Message message, async::CancelToken stop) override;
    /// For the pool. Errors: Unavailable while the target is down.
    Result<void> may_receive() const;

private:
    /// What has been done, or what a batch is to do.
    using Handled = std::variant<Verdict, index::ImageSetDocument>;
    Result<Handled> handle(const std::string& body);
    Result<Handled> apply(const index::ImageSetChanged& changed);
    Result<Verdict> apply(const index::ImportJobChanged& changed);
    Result<Verdict> send_page(const index::Rebuild& rebuild) const;
    Result<void> add_import_jobs(const index::Rebuild& rebuild,
                                 std::vector<queue::NewMessage>& messages) const;
    /// What is wrong with the target, not with what was to be written, becomes Unavailable, and
    /// the target is down.
    template <typename T>
    Result<T> note(Result<T> of_target);
    void ask_target();

    const Services services_;
    const index::DocumentSource source_;
    std::atomic<bool> is_down_ = false;
    std::optional<DocumentBatcher> batcher_;  ///< where the target wants batches
    async::WorkerPool threads_;               ///< of their own: they wait for the target
    async::Periodic asking_;
};

}  // namespace larmor::workers

#pragma once
#include "async/worker_pool.h"
#include "catalog/catalog.h"
#include "db/database.h"
#include "objects/object_store.h"
#include "preprocess/requests.h"
#include "preprocess/staged_batch.h"
#include "queue/queue.h"
#include "workers/step.h"

namespace larmor::workers {

/// Makes what is made of instances once (preprocess/prepare.h), the thumbnails of series, and,
/// where somebody asked for them, the image frames of an instance
/// (preprocess/make_image_frames.h). One bad instance costs itself only: it is marked failed
/// with its reason. A message that may have killed its worker is cut into one an instance
/// first, so that only the one that does it is given up. When the last pending instance of an
/// image set is done, the series' thumbnail is asked for, in the same transaction.
class PrepareInstances final : public Step {
public:
    struct Services {
        db::Database& database;
        objects::ObjectStore& store;
        catalog::Catalog& catalog;
        async::WorkerPool& pool;  ///< whose background threads decode
        queue::Queue& queue;      ///< kPreprocessQueue
    };
    explicit PrepareInstances(const Services& services);

    async::Task<Result<Verdict>> run(queue::Message message, async::CancelToken stop) override;

private:
    using Batch = std::vector<catalog::StoredInstance>;
    async::Task<Result<Verdict>> prepare(std::vector<catalog::InstanceRow> rows,
                                         async::CancelToken stop);
    async::Task<Result<preprocess::PreparedInstance>> prepare_one(
        const catalog::StoredInstance* instance, const async::CancelToken* stop);
    Result<Batch> read_batch(const std::vector<catalog::InstanceRow>& rows) const;
    Result<void> record(db::Transaction& tx, const preprocess::StagedBatch& staged) const;
    async::Task<Result<Verdict>> make_series_thumbnail(catalog::ImageSetRow image_set);
    async::Task<Result<Verdict>> make_image_frames(catalog::InstanceRow row);
    Result<Batch> read_without_frames(catalog::InstanceRow row) const;
    Verdict cut_up(std::vector<catalog::InstanceRow> rows) const;

    const Services services_;
    /// For what reads rows and stores objects: background threads must hold no lock that others
    /// wait for.
    async::WorkerPool stores_;
};

}  // namespace larmor::workers

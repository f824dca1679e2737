#pragma once
#include "catalog/catalog.h"
#include "db/database.h"
#include "index/targets.h"
#include "jobs/kind.h"
#include "objects/object_store.h"
#include "queue/queues.h"

namespace larmor::workers {

/// Jobs of the kind `index-check`: a target of the index is compared with the catalog, some
/// studies a piece, beside everything that goes on; `{"target":"mysql"}`, and with
/// `"repair":true` what differs is written anew. Each table of a study that differs is an error
/// of its item; the result counts them:
/// `{"studies":..,"drift":..,"repaired":..,"unsettled":..}`.
class IndexCheckJob final : public jobs::Kind {
public:
    /// All of it must outlive the jobs.
    struct Services {
        db::Database& database;
        objects::ObjectStore& store;
        const catalog::Catalog& catalog;
        queue::Queues& queues;
        const index::Targets& targets;  ///< that this process keeps
    };
    explicit IndexCheckJob(const Services& services) : services_(services) {}

    Result<void> check(db::Snapshot& snapshot, const std::string& parameters) const override;
    Result<std::unique_ptr<jobs::Run>> start(const jobs::Jobs::Begun& begun) override;

private:
    const Services services_;
};

}  // namespace larmor::workers

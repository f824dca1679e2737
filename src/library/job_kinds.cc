#include "library/job_kinds.h"

#include "library/audited_destination.h"
#include "workers/steps/import_job.h"
#include "workers/steps/replay_job.h"

namespace larmor {
namespace {

/// Whoever made it did what it does: the record of the making says who that is by name.
audit::Actor creator_of(const jobs::Job& job) {
    audit::Actor actor;
    actor.id = job.created_by;
    actor.via = "job";
    return actor;
}

}  // namespace

jobs::Kinds make_job_kinds(const JobKindServices& services) {
    jobs::Kinds kinds;
    kinds.emplace(
        "import",
        std::make_unique<workers::ImportJob>(
            [&importer = services.importer, &log = services.log](const jobs::Job& job) {
                return std::make_unique<AuditedDestination>(
                    importer, log, creator_of(job), "job " + std::to_string(to_int64(job.id)));
            }));
    kinds.emplace("replay",
                  std::make_unique<workers::ReplayJob>(services.queues, services.sink));
    kinds.emplace("index-check", std::make_unique<workers::IndexCheckJob>(services.index));
    return kinds;
}

}  // namespace larmor

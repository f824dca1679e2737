#include "library/job_kinds.h"

#include "library/audited_destination.h"
#include "workers/steps/import_job.h"
#include "workers/steps/index_check_job.h"
#include "workers/steps/manifest_import_job.h"
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

jobs::Kinds make_job_kinds(Core& core, const JobKindServices& services) {
    jobs::Kinds kinds;
    const auto make_destination = [&importer = services.importer,
                                   &log = services.log](const jobs::Job& job) {
        return std::make_unique<AuditedDestination>(importer, log, creator_of(job),
                                                    "job " + std::to_string(to_int64(job.id)));
    };
    kinds.emplace("import", std::make_unique<workers::ImportJob>(make_destination));
    kinds.emplace(workers::kManifestImportKind,
                  std::make_unique<workers::ManifestImportJob>(
                      workers::ManifestImportJob::Services{core.database(), core.catalog(),
                                                           core.pool(), services.import_places},
                      make_destination));
    kinds.emplace("replay", std::make_unique<workers::ReplayJob>(core.queues(), core.sink()));
    kinds.emplace("index-check",
                  std::make_unique<workers::IndexCheckJob>(
                      workers::IndexCheckJob::Services{.database = core.database(),
                                                       .store = core.store(),
                                                       .catalog = core.catalog(),
                                                       .queues = core.queues(),
                                                       .targets = services.index_targets}));
    return kinds;
}

}  // namespace larmor

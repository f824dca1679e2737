#pragma once
#include "audit/log.h"
#include "index/targets.h"
#include "ingest/importer.h"
#include "jobs/kind.h"
#include "library/core.h"
#include "objects/s3/allowed_places.h"

namespace larmor {

/// The kinds of jobs that this program knows; all of it must outlive them.
struct JobKindServices {
    ingest::Importer& importer;
    audit::Log& log;
    const index::Targets& index_targets;
    const objects::s3::AllowedPlaces& import_places;
};
jobs::Kinds make_job_kinds(Core& core, const JobKindServices& services);

}  // namespace larmor

#pragma once
#include "audit/log.h"
#include "index/targets.h"
#include "ingest/importer.h"
#include "jobs/kind.h"
#include "library/core.h"

namespace larmor {

/// The kinds of jobs that this program knows; all of it must outlive them.
struct JobKindServices {
    ingest::Importer& importer;
    audit::Log& log;
    const index::Targets& index_targets;
};
jobs::Kinds make_job_kinds(Core& core, const JobKindServices& services);

}  // namespace larmor

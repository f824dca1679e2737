#pragma once
#include "audit/log.h"
#include "events/router.h"
#include "ingest/importer.h"
#include "jobs/kind.h"
#include "queue/queues.h"
#include "workers/steps/index_check_job.h"

namespace larmor {

/// The kinds of jobs that this program knows; all of it must outlive them.
struct JobKindServices {
    ingest::Importer& importer;
    audit::Log& log;
    queue::Queues& queues;
    events::MessageSink& sink;
    workers::IndexCheckJob::Services index;
};
jobs::Kinds make_job_kinds(const JobKindServices& services);

}  // namespace larmor

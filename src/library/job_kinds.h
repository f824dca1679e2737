#pragma once
#include "audit/log.h"
#include "events/router.h"
#include "ingest/importer.h"
#include "jobs/kind.h"
#include "queue/queues.h"

namespace larmor {

/// The kinds of jobs that this program knows; all of it must outlive them.
jobs::Kinds make_job_kinds(ingest::Importer& importer, audit::Log& log, queue::Queues& queues,
                           events::MessageSink& sink);

}  // namespace larmor

#pragma once
#include <memory>

#include "admission/admission.h"
#include "async/worker_pool.h"
#include "base/clock.h"
#include "catalog/catalog.h"
#include "db/database.h"
#include "events/event_bell.h"
#include "events/event_log.h"
#include "library/options.h"
#include "objects/object_store.h"
#include "queue/queues.h"
#include "routing/queue_sink.h"
#include "workers/run_gate.h"
#include "workers/steps/preprocessor.h"

namespace larmor {

/// What every process of a library has: rows, objects, events with the rules that route them,
/// queues, and the pool that decodes. The place where drivers are chosen; everybody else sees
/// interfaces.
class Core {
public:
    /// See Library::open, and for workers open_worker_database.
    static Result<std::unique_ptr<Core>> open(const LibraryOptions& options);
    /// Stops preprocessing after the batch at hand, then the pool, then the stores.
    ~Core();

    db::Database& database();
    objects::ObjectStore& store();
    events::EventLog& events();
    events::EventBell& event_bell();
    queue::Queues& queues();
    /// For replays into queues.
    routing::QueueSink& sink();
    catalog::Catalog& catalog();
    async::WorkerPool& pool();
    /// Whether it takes something new: low disk, read-only.
    admission::Admission& admission();
    /// Made but not started: a command that only looks starts no work.
    workers::Preprocessor& preprocessor();
    /// Which steps of this process run together: for every pool.
    workers::RunGate& run_gate();

private:
    struct Parts;
    explicit Core(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace larmor

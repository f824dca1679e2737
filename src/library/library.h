#pragma once
#include <memory>

#include "audit/log.h"
#include "auth/credentials.h"
#include "index/targets.h"
#include "ingest/importer.h"
#include "jobs/service.h"
#include "library/core.h"
#include "objects/s3/allowed_places.h"
#include "retention/purger.h"

namespace larmor {

/// One library: `folder` with `library.sqlite`, `objects/`, `audit/` and `access_keys.secret`,
/// opened with all that works on it, and closed in the right order. Its rows may be in a
/// database of PostgreSQL instead, which is then that of this folder alone. One process owns a
/// library at a time; workers beside it have a Core.
class Library {
public:
    /// Opens or makes it: lock, migrations, recovery of the object store. Errors: Conflict when
    /// another process has it (names its pid), a newer version wrote it, or folder and database
    /// do not belong together; Unsupported on a network file system; Unavailable where
    /// PostgreSQL is; Corrupt; NoSpace.
    static Result<std::unique_ptr<Library>> open(const LibraryOptions& options);
    ~Library();

    Core& core() { return *core_; }
    db::Database& database() { return core_->database(); }
    objects::ObjectStore& store() { return core_->store(); }
    events::EventLog& events() { return core_->events(); }
    events::EventBell& event_bell() { return core_->event_bell(); }
    queue::Queues& queues() { return core_->queues(); }
    routing::QueueSink& sink() { return core_->sink(); }
    catalog::Catalog& catalog() { return core_->catalog(); }
    async::WorkerPool& pool() { return core_->pool(); }
    admission::Admission& admission() { return core_->admission(); }
    workers::Preprocessor& preprocessor() { return core_->preprocessor(); }
    workers::RunGate& run_gate() { return core_->run_gate(); }

    auth::Credentials& credentials() { return *credentials_; }
    audit::Log& audit() { return *audit_; }
    ingest::Importer& importer() { return *importer_; }
    retention::Purger& purger() { return *purger_; }  ///< made but not started
    /// The targets of the index that this process keeps: filled before anything of it is used.
    index::Targets& index_targets() { return index_targets_; }
    /// Nobody works on them before a JobWork does.
    jobs::Service jobs() { return {*jobs_, job_kinds_, *job_queue_, job_bell_}; }
    /// What is told of jobs in the transactions that change their states.
    jobs::Jobs::StateChanged job_events();
    /// How long those that have ended are kept.
    static constexpr std::chrono::days jobs_keep() { return std::chrono::days(7); }

private:
    Library() = default;
    /// Requests that wait for a job and streams that follow one.
    static constexpr std::size_t kJobListenersMax = 256;
    // Each stands on those above it.
    index::Targets index_targets_;
    objects::s3::AllowedPlaces import_places_;
    async::Bell job_bell_{kJobListenersMax};
    std::unique_ptr<Core> core_;
    std::unique_ptr<auth::Credentials> credentials_;
    std::unique_ptr<audit::Log> audit_;
    std::unique_ptr<ingest::Importer> importer_;
    std::unique_ptr<retention::Purger> purger_;
    std::unique_ptr<jobs::Jobs> jobs_;
    queue::Queue* job_queue_ = nullptr;
    jobs::Kinds job_kinds_;
};

}  // namespace larmor

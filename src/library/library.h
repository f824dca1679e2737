#pragma once
#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>

#include "admission/admission.h"
#include "async/worker_pool.h"
#include "audit/log.h"
#include "auth/credentials.h"
#include "base/clock.h"
#include "catalog/catalog.h"
#include "db/database.h"
#include "events/event_bell.h"
#include "events/event_log.h"
#include "ingest/importer.h"
#include "objects/object_store.h"
#include "queue/queues.h"
#include "retention/purger.h"
#include "routing/queue_sink.h"
#include "workers/run_gate.h"
#include "workers/steps/preprocessor.h"

namespace larmor {

struct LibraryOptions {
    std::filesystem::path folder;
    /// URL of PostgreSQL; empty: the rows are in `library.sqlite` in the folder.
    std::string database{};
    unsigned threads = 0;  ///< of the worker pool; 0: as many as processors
    unsigned background_threads = 1;
    const Clock* clock = &system_clock();
    /// Of the disk, kept free when nothing more is stored; nothing: admission::default_reserve.
    std::optional<std::uint64_t> disk_reserve_bytes{};
    /// Stores, changes and prepares nothing. Sign-in, tokens and the audit trail go on.
    bool read_only = false;
    /// For tests: in place of the disk under `folder`, asked each time; and true makes syncs of
    /// rows or objects fail.
    admission::ReadDisk read_disk{};
    const std::atomic<bool>* fail_row_syncs = nullptr;
    const std::atomic<bool>* fail_object_syncs = nullptr;
};

/// One library: `folder` with `library.sqlite`, `objects/` and `audit/`, opened with all that
/// works on it, and closed in the right order. Its rows may be in a database of PostgreSQL
/// instead, which is then that of this folder alone. The place where drivers are chosen;
/// everybody else sees interfaces. One process owns a library at a time.
class Library {
public:
    /// Opens or makes it: lock, migrations, recovery of the object store. Errors: Conflict when
    /// another process has it (names its pid), a newer version wrote it, or folder and database
    /// do not belong together; Unsupported on a network file system; Unavailable where
    /// PostgreSQL is; Corrupt; NoSpace.
    static Result<std::unique_ptr<Library>> open(LibraryOptions options);
    /// Stops preprocessing after the batch at hand, then the pool, then the stores.
    ~Library();

    db::Database& database();
    objects::ObjectStore& store();
    events::EventLog& events();
    events::EventBell& event_bell();
    queue::Queues& queues();
    /// For replays into queues.
    routing::QueueSink& sink();
    catalog::Catalog& catalog();
    async::WorkerPool& pool();
    auth::Credentials& credentials();
    audit::Log& audit();
    /// Whether it takes something new: low disk, read-only.
    admission::Admission& admission();
    ingest::Importer& importer();
    /// Made but not started: a command that only looks starts no work.
    workers::Preprocessor& preprocessor();
    /// Which steps of this process run together: for every pool.
    workers::RunGate& run_gate();
    retention::Purger& purger();  ///< not started either

private:
    struct Parts;
    explicit Library(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace larmor

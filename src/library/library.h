#pragma once
#include <filesystem>
#include <memory>

#include "async/worker_pool.h"
#include "audit/log.h"
#include "auth/credentials.h"
#include "base/clock.h"
#include "catalog/catalog.h"
#include "db/database.h"
#include "events/event_log.h"
#include "ingest/importer.h"
#include "objects/object_store.h"
#include "preprocess/preprocessor.h"
#include "retention/purger.h"

namespace larmor {

struct LibraryOptions {
    std::filesystem::path folder;
    unsigned threads = 0;  ///< of the worker pool; 0: as many as processors
    unsigned background_threads = 1;
    const Clock* clock = &system_clock();
};

/// One embedded library: `folder` with `library.sqlite`, `objects/` and `audit/`, opened with
/// all that works on it, and closed in the right order. The place where drivers are chosen;
/// everybody else sees interfaces. One process owns a library at a time.
class Library {
public:
    /// Opens or makes it: lock, migrations, recovery of the object store. Errors: Conflict when
    /// another process has it (names its pid) or a newer version wrote it; Unsupported on a
    /// network file system; Corrupt; NoSpace.
    static Result<std::unique_ptr<Library>> open(LibraryOptions options);
    /// Stops preprocessing after the batch at hand, then the pool, then the stores.
    ~Library();

    db::Database& database();
    objects::ObjectStore& store();
    events::EventLog& events();
    catalog::Catalog& catalog();
    async::WorkerPool& pool();
    auth::Credentials& credentials();
    audit::Log& audit();
    ingest::Importer& importer();
    /// Made but not started: a command that only looks starts no work.
    preprocess::Preprocessor& preprocessor();
    retention::Purger& purger();  ///< not started either

private:
    struct Parts;
    explicit Library(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace larmor

#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "admission/admission.h"
#include "async/task.h"
#include "async/worker_pool.h"
#include "catalog/catalog.h"
#include "db/database.h"
#include "objects/object_store.h"
#include "preprocess/prepare.h"

namespace larmor::preprocess {

/// Makes what is made of instances once (prepare.h), in the background and in the order of
/// arrival, and stores it. The catalog's state `pending` is the only queue: nothing is lost by
/// a crash, and a result that is made twice replaces nothing. One bad instance costs itself
/// only: it is marked failed with its reason. Safe from any thread.
class Preprocessor {
public:
    struct Services {
        db::Database& database;
        objects::ObjectStore& store;
        catalog::Catalog& catalog;
        async::WorkerPool& pool;
        admission::Admission& admission;
    };

    explicit Preprocessor(Services services);
    /// Stops first.
    ~Preprocessor();

    /// Starts the loop: first on what an earlier run left.
    void start();
    /// There is something new to look at. Any thread; cheap, may be called for every commit.
    void wake();
    /// Ends after the batch at hand and waits for it.
    void stop();
    /// Waits until nothing is pending (for imports that end with their process, and for tests).
    /// Blocks. Errors: Unavailable when stopped before; NoSpace when the disk is full, short of
    /// space or read-only: what is pending waits.
    Result<void> wait_until_idle();

    /// What of an instance is asked for before the loop got to it: makes it now (on the calling
    /// thread, which may block), without storing it. Errors: those of the store; InvalidInput
    /// of `prepare`.
    Result<PreparedInstance> prepare_now(const objects::ObjectLocation& instance) const;

private:
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace larmor::preprocess

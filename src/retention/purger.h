#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "admission/admission.h"
#include "audit/log.h"
#include "base/clock.h"
#include "catalog/catalog.h"
#include "db/database.h"
#include "objects/object_store.h"

namespace larmor::retention {

/// Removes for good what was deleted and whose time is up: rows, and the objects that they
/// point at. The bytes go when the store lets go of them (its grace period; never while a
/// backup runs). Works in small transactions, so that writers do not wait, and goes on where a
/// process was killed. Safe from any thread.
class Purger {
public:
    struct Services {
        db::Database& database;
        objects::ObjectStore& store;
        catalog::Catalog& catalog;
        audit::Log& audit;
        admission::Admission& admission;  ///< read-only, nothing is removed
    };
    struct Options {
        /// A wall clock that goes forward by `clock_jump_max` more than time has passed was
        /// set: then nothing is purged until a restart.
        const Clock* clock = &system_clock();
        std::chrono::microseconds clock_jump_max = std::chrono::hours(24);
        std::chrono::microseconds look_every = std::chrono::hours(1);
    };

    explicit Purger(Services services);
    Purger(Services services, Options options);
    /// Stops first.
    ~Purger();

    /// Starts the thread that looks, first for what an earlier run left. `actor` is who the
    /// trail says removed it.
    void start(audit::Actor actor);
    /// Something was deleted: its time may be up sooner than the next look.
    void wake();
    /// Ends after the transaction at hand and waits for it.
    void stop();

    /// One look, on the calling thread. Gives the number of instances removed. A deletion
    /// whose purge can't go on record stays.
    Result<std::int64_t> purge_expired(const audit::Actor& actor);
    /// Removes this deletion before its time; the caller puts it on record first. Blocks.
    /// Errors: NotFound; NoSpace when the library is read-only.
    Result<std::int64_t> purge(const std::string& deletion_id);

private:
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace larmor::retention

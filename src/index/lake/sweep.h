#pragma once
#include <map>

#include "base/clock.h"
#include "index/lake/manifest.h"
#include "index/lake/store.h"

namespace larmor::index::lake {

/// The newest manifest that is there; number 0 and no files where there is none yet.
/// Errors: those of the store; Corrupt, Unsupported.
Result<Manifest> newest_manifest(Store& store);

/// Removes what no manifest has had for some time: files that were merged, what processes left
/// that were killed, old manifests. A file may be one that another process is about to put into
/// a manifest, or that a reader still reads: each is looked at until it was of no use for the
/// whole grace period, by the time that passes in this process.
class Sweep {
public:
    Sweep(Store& store, std::chrono::microseconds grace, const Clock& clock)
        : store_(store), grace_(grace), clock_(clock) {}

    /// Gives how many it removed.
    Result<std::size_t> run();

private:
    Store& store_;
    const std::chrono::microseconds grace_;
    const Clock& clock_;
    std::map<std::string, std::chrono::microseconds> useless_since_;
};

}  // namespace larmor::index::lake

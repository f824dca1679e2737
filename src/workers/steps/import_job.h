#pragma once
#include <functional>
#include <memory>

#include "ingest/destination.h"
#include "jobs/kind.h"

namespace larmor::workers {

/// Jobs of the kind `import`: what is at or below paths on the server's disk comes into the
/// library, by the one way in. A file that can't be imported is an error of its item; what
/// keeps everything that follows from being stored (a full disk) fails the job. Done again, an
/// import finds duplicates, so that nothing is lost where a process was lost between a file and
/// its checkpoint.
class ImportJob final : public jobs::Kind {
public:
    /// Where the instances of a job go, on record as its creator's.
    using MakeDestination =
        std::function<std::unique_ptr<ingest::Destination>(const jobs::Job& job)>;
    explicit ImportJob(MakeDestination make_destination)
        : make_destination_(std::move(make_destination)) {}

    Result<void> check(db::Snapshot& snapshot, const std::string& parameters) const override;
    Result<std::unique_ptr<jobs::Run>> start(const jobs::Jobs::Begun& begun) override;

private:
    const MakeDestination make_destination_;
};

}  // namespace larmor::workers

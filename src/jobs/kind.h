#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "async/cancel.h"
#include "async/task.h"
#include "jobs/jobs.h"

namespace larmor::jobs {

/// Some work on a job that was done, or is done in the transaction that records it.
struct Piece {
    /// On the database's writer, in the transaction that records the piece: writes what it is
    /// about and gives what it came to. May be called again after a rollback, and that of a
    /// last piece, or of one after `stop`, when the run is gone. An error fails the job, or
    /// sends it back where trying again may help.
    std::function<Result<Step>(db::Transaction&)> write;
    /// Nothing is left to do: the job ends with the result of this step, as failed where there
    /// is a `failure`.
    bool is_last = false;
    std::optional<Error> failure{};
};

/// A job at work, from its checkpoint on. Used by one task.
class Run {
public:
    virtual ~Run() = default;
    /// What was done since the last piece, or is next; takes some seconds at most, since who
    /// follows the job and who cancels it wait that long. Must not block: that is for threads
    /// of the run's own. Called until it gave the last piece or an error, or `stop` was
    /// cancelled: then it gives, as soon as it can, what was done and nothing is on its way any
    /// more. Errors: what kept the job from going on.
    virtual async::Task<Result<Piece>> next(async::CancelToken stop) = 0;
};

/// What jobs of one kind do. Safe from any thread.
class Kind {
public:
    virtual ~Kind() = default;
    /// Whether a job with these parameters could begin, asked before it is made. Errors:
    /// InvalidInput that names the parameter; NotFound where what they ask for is gone for
    /// good.
    virtual Result<void> check(db::Snapshot& snapshot, const std::string& parameters) const = 0;
    /// Must not block. Errors: those with which the job fails.
    virtual Result<std::unique_ptr<Run>> start(const Jobs::Begun& begun) = 0;
};

/// The kinds that there are, by the word in Job::kind.
using Kinds = std::map<std::string, std::unique_ptr<Kind>, std::less<>>;

}  // namespace larmor::jobs

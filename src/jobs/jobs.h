#pragma once
#include <functional>

#include "async/bell.h"
#include "db/migration.h"
#include "db/transaction.h"
#include "jobs/job.h"

namespace larmor::jobs {

/// The tables of the jobs.
db::MigrationSet migrations();

/// What a piece of work on a job came to. Written with what the work itself changed.
struct Step {
    Progress progress;       ///< as it is now; the unit may change with the phase
    std::string checkpoint;  ///< JSON: where the next piece begins, also after a restart
    std::vector<ItemError> errors{};
    std::chrono::microseconds worked{0};  ///< on this piece
    /// JSON: what the job has come to so far, also where it is cancelled or fails later. Empty:
    /// as before.
    std::string result{};
    /// Lines for who asked for a report, behind those of the pieces before.
    std::string report{};
};

/// Some lines of a report, each with its line feed.
struct ReportPart {
    std::int64_t number = 0;  ///< from 1
    std::string lines;
};

struct JobFilter {
    std::optional<JobState> state{};
    std::string kind{};        ///< any where empty
    std::string created_by{};  ///< anyone where empty
};

/// The long runs of a library, as rows: what is there after a restart, and how far it got.
/// Calls are part of the caller's transaction; an error must roll it back. Safe from any
/// thread, with writers in other processes too.
class Jobs {
public:
    /// Called with a job that was made or is in another state now, in the transaction of that.
    using StateChanged = std::function<Result<void>(db::Transaction&, const Job&)>;

    /// Ended jobs expire after `keep`. `bell`, where there is one, rings with the id of each
    /// job that a commit has changed. `clock` and `bell` must outlive it.
    explicit Jobs(const Clock& clock = system_clock(),
                  std::chrono::microseconds keep = std::chrono::days(7),
                  async::Bell* bell = nullptr, StateChanged state_changed = {})
        : clock_(clock), keep_(keep), bell_(bell), state_changed_(std::move(state_changed)) {}

    struct Created {
        Job job;
        bool is_new = true;
    };
    /// Errors: InvalidInput (beyond `limits`, parameters that are no JSON object), Conflict
    /// (the key was used for another request).
    Result<Created> create(db::Transaction& tx, const NewJob& job) const;

    /// A queued job is running from now on; one that is running already goes on where it was.
    /// Errors: NotFound, Conflict (it has ended).
    struct Begun {
        Job job;
        std::string checkpoint;  ///< empty before the first
    };
    Result<Begun> begin(db::Transaction& tx, JobId id) const;
    /// Errors: NotFound, InvalidInput, Conflict (it is not running). That its cancellation is
    /// asked for is told by what comes back.
    Result<Job> record(db::Transaction& tx, JobId id, const Step& step) const;

    // The ends of a job. Errors: NotFound, InvalidInput, Conflict (it has ended). One that
    // fails or is cancelled keeps the result of its last piece.
    Result<Job> succeed(db::Transaction& tx, JobId id, const std::string& result) const;
    Result<Job> fail(db::Transaction& tx, JobId id, const Error& error) const;
    /// What was asked for with `cancel` has taken place.
    Result<Job> end_cancelled(db::Transaction& tx, JobId id) const;

    /// Ends a queued job and asks a running one to end; changes nothing where that was done
    /// already. Errors: NotFound, Conflict (it has ended otherwise).
    Result<Job> cancel(db::Transaction& tx, JobId id) const;
    /// Errors: NotFound, Conflict (it has not ended).
    Result<void> remove(db::Transaction& tx, JobId id) const;
    /// Removes at most `limit` jobs whose time is up. Gives how many.
    Result<std::int64_t> remove_expired(db::Transaction& tx, std::size_t limit) const;

    /// Errors: NotFound.
    static Result<Job> find(db::Snapshot& snapshot, JobId id);
    /// At most `limit` with an id below `before`, newest first. Nothing: from the newest.
    static Result<std::vector<Job>> list(db::Snapshot& snapshot, const JobFilter& filter,
                                         std::optional<JobId> before, std::size_t limit);
    /// At most `limit` behind the first `after`, in the order in which they were made.
    static Result<std::vector<ItemError>> errors(db::Snapshot& snapshot, JobId id,
                                                 std::int64_t after, std::size_t limit);
    /// The first part behind number `after`; nothing where there is none (yet).
    static Result<std::optional<ReportPart>> report(db::Snapshot& snapshot, JobId id,
                                                    std::int64_t after);

private:
    struct End;
    Result<Job> end(db::Transaction& tx, JobId id, const End& end) const;
    void ring(db::Transaction& tx, JobId id) const;
    Result<void> tell(db::Transaction& tx, const Job& job) const;

    const Clock& clock_;
    const std::chrono::microseconds keep_;
    async::Bell* const bell_;
    const StateChanged state_changed_;
};

}  // namespace larmor::jobs

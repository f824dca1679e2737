#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "db/transaction.h"
#include "events/event.h"
#include "jobs/job.h"

namespace larmor::index {

/// What a target may keep of an import that is a job, as it was at one moment.
struct ImportJob {
    std::string datastore_id;
    std::string id;  ///< 32 characters, as its events have it
    jobs::JobState state = jobs::JobState::Queued;
    bool has_item_errors = false;
    std::string source;  ///< URIs, empty where whoever made the job gave none
    std::string output;
    Time submitted;
    std::optional<Time> started;
    std::optional<Time> ended;
    events::Position as_of;  ///< as of ImageSetDocument
};

/// Nothing where the library has forgotten it. Errors: InvalidInput (no id of a job), those of
/// the database.
Result<std::optional<ImportJob>> find_import_job(db::Snapshot& snapshot,
                                                 std::string_view datastore_id,
                                                 std::string_view id);
/// All that the library knows, newest first. Jobs are forgotten some days after their end.
Result<std::vector<ImportJob>> list_import_jobs(db::Snapshot& snapshot,
                                                std::string_view datastore_id);

}  // namespace larmor::index

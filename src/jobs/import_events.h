#pragma once
#include <array>
#include <string>

#include "events/event_log.h"
#include "jobs/job.h"

namespace larmor::jobs {

/// The events of imports as HealthImaging has them: `Import Job Submitted`, `In Progress`,
/// `Completed`, `Failed`, the last one for a cancelled job too, in the transaction in which the
/// job gets into that state. Given to Jobs as its StateChanged. `log` must outlive it.
class ImportEvents {
public:
    ImportEvents(events::EventLog& log, std::string datastore_id, events::Source source = {})
        : log_(&log), datastore_id_(std::move(datastore_id)), source_(std::move(source)) {}

    /// Does nothing for jobs of other kinds.
    Result<void> operator()(db::Transaction& tx, const Job& job) const;

private:
    events::EventLog* log_;
    std::string datastore_id_;
    events::Source source_;
};

/// The kinds of jobs that are imports: ours, and the one of HealthImaging's API.
inline constexpr std::array<std::string_view, 2> kImportKinds = {"import", "dicom-import"};
bool is_import(std::string_view kind);

/// What whoever made an import said of it in its parameters; empty where that is nothing.
struct ImportPlaces {
    std::string name;
    std::string input_uri;  ///< `s3://...`, or `file:///...`: a path of this machine
    std::string output_uri;
};
/// Errors: Corrupt.
Result<ImportPlaces> places_of(const Job& job);

/// How a job is called where the service has 32 characters: its number with zeros before it.
std::string to_service_id(JobId id);

}  // namespace larmor::jobs

#pragma once
#include <array>
#include <span>

#include "index/import_job.h"
#include "index/mysql/connection.h"

namespace larmor::index::mysql {

/// Columns of `importjob`, in the order of import_job_values.
inline constexpr std::array<std::string_view, 7> kImportJobColumns = {
    "sourceprefix", "manifestprefix", "submittedat", "startedat",
    "completedat",  "logicalstatus",  "ahijobstatus"};
/// What they have of a job; nothing for NULL.
std::vector<std::optional<std::string>> import_job_values(const ImportJob& job);

/// Writes the jobs, unless a newer state is there. Errors: those of Connection.
Result<void> put_import_jobs(Connection& connection, std::span<const ImportJob> jobs);

// Of all jobs that a library knows, newest first. What it has forgotten stays, as the history
// that it is.

/// Rows of these jobs, as a condition on `importjob x`.
std::string known_import_jobs(std::string_view datastore_id, std::span<const ImportJob> jobs);
/// Rows that are no history: without an id, or of a job that can't have been, or that had not
/// ended.
std::string foreign_import_jobs(std::string_view datastore_id, std::span<const ImportJob> jobs);

/// Removes foreign rows, and writes the jobs anew; `is_forced`: also over newer states.
Result<void> repair_import_jobs(Connection& connection, std::string_view datastore_id,
                                std::span<const ImportJob> jobs, bool is_forced);

}  // namespace larmor::index::mysql

#pragma once
#include "db/transaction.h"
#include "jobs/job.h"

namespace larmor::jobs {

/// The columns that job_of reads, in their order.
constexpr std::string_view kJobColumns =
    "id, kind, created_by, parameters, state, cancel_requested, version, unit, done, total,"
    " worked, item_errors, result, error_code, error_message, created_at, started_at,"
    " ended_at, expires_at";

Job job_of(const db::Query& query);
std::int64_t to_stored(Time time);
/// Of a name that name_of gave.
ErrorCode code_of(std::string_view name);

/// Nobody else changes it until the transaction ends. Errors: NotFound.
Result<Job> lock_job(db::Transaction& tx, JobId id);

tl::unexpected<Error> no_job(JobId id);

/// As a column takes it: at most so many bytes, whole characters, no NUL.
std::string cut(std::string_view text, std::size_t bytes_max);

}  // namespace larmor::jobs

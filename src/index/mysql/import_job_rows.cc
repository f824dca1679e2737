#include "index/mysql/import_job_rows.h"

#include "index/mysql/quote.h"
#include "index/mysql/sql_value.h"
#include "index/mysql/upsert.h"

namespace larmor::index::mysql {
namespace {

using jobs::JobState;

const Column kUri{.name = "uri", .tag = {}, .characters_max = 2048};

/// SUBMITTED, IN_PROGRESS, COMPLETED and FAILED, in the order of the service's API.
int service_status(JobState state) {
    switch (state) {
        case JobState::Queued:
            return 0;
        case JobState::Running:
            return 1;
        case JobState::Succeeded:
            return 2;
        case JobState::Failed:
        case JobState::Cancelled:
            return 3;
    }
    return 3;
}

/// 0: goes on; 1: all went in; 2: it ended, but for some files; 3: it failed or was cancelled.
int logical_status(const ImportJob& job) {
    if (!jobs::has_ended(job.state)) return 0;
    if (job.state != JobState::Succeeded) return 3;
    return job.has_item_errors ? 2 : 1;
}

std::optional<std::string> uri_text(const std::string& uri) {
    return uri.empty() ? std::nullopt : column_text(kUri, uri);
}

std::optional<std::string> time_text(const std::optional<Time>& time) {
    return time ? std::optional(date_time_text(*time)) : std::nullopt;
}

std::vector<std::string> own_columns() {
    return {kImportJobColumns.begin(), kImportJobColumns.end()};
}

}  // namespace

std::vector<std::optional<std::string>> import_job_values(const ImportJob& job) {
    return {uri_text(job.source),
            uri_text(job.output),
            time_text(job.submitted),
            time_text(job.started),
            time_text(job.ended),
            std::to_string(logical_status(job)),
            std::to_string(service_status(job.state))};
}

Result<void> put_import_jobs(Connection& connection, std::span<const ImportJob> jobs) {
    Upsert upsert(connection, "importjob", {"ahijobid", "larmor_datastoreid"}, own_columns(),
                  {});
    for (const auto& job : jobs) {
        std::vector<std::string> fields = {in_quotes(job.id), in_quotes(job.datastore_id)};
        for (const auto& value : import_job_values(job)) {
            fields.push_back(value ? in_quotes(*value) : "NULL");
        }
        TRY_VOID(upsert.add(fields, {}, job.as_of));
    }
    return upsert.finish();
}

std::string known_import_jobs(std::string_view datastore_id, std::span<const ImportJob> jobs) {
    std::vector<std::string_view> ids;
    for (const auto& job : jobs) ids.push_back(job.id);
    if (ids.empty()) return "FALSE";
    return "(x.larmor_datastoreid = " + in_quotes(datastore_id) + " AND x.ahijobid IN (" +
           list(ids) + "))";
}

std::string foreign_import_jobs(std::string_view datastore_id,
                                std::span<const ImportJob> jobs) {
    std::string cannot_be =
        "x.ahijobid IS NULL OR x.ahijobid NOT REGEXP '^[0-9]{32}$'"
        " OR x.ahijobstatus IS NULL OR x.ahijobstatus < " +
        std::to_string(service_status(JobState::Succeeded));
    if (!jobs.empty()) cannot_be += " OR x.ahijobid > " + in_quotes(jobs.front().id);
    return "(x.larmor_datastoreid IS NULL OR (x.larmor_datastoreid = " +
           in_quotes(datastore_id) + " AND NOT " + known_import_jobs(datastore_id, jobs) +
           " AND (" + cannot_be + ")))";
}

Result<void> repair_import_jobs(Connection& connection, std::string_view datastore_id,
                                std::span<const ImportJob> jobs, bool is_forced) {
    TRY_VOID(connection.run("DELETE x FROM importjob x WHERE " +
                            foreign_import_jobs(datastore_id, jobs)));
    if (jobs.empty()) return {};
    const auto as_of = jobs.front().as_of;
    std::string old =
        "DELETE x FROM importjob x WHERE " + known_import_jobs(datastore_id, jobs);
    if (!is_forced) {
        old += " AND (x.larmor_epoch, x.larmor_sequence) <= (" + std::to_string(as_of.epoch) +
               ", " + std::to_string(as_of.sequence) + ")";
    }
    TRY_VOID(connection.run(old));
    return put_import_jobs(connection, jobs);
}

}  // namespace larmor::index::mysql

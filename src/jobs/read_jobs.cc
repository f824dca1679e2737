#include <algorithm>
#include <limits>

#include "jobs/job_rows.h"
#include "jobs/jobs.h"

namespace larmor::jobs {
namespace {

/// Each filter that is set is a condition of its own, in a text of its own: a walk along the
/// index of one of them. Their parameters are ?3 and up, in this order.
std::string list_text(const JobFilter& filter) {
    std::string sql = "SELECT " + std::string(kJobColumns) + " FROM jobs WHERE id < ?1";
    int parameter = 2;
    const auto add = [&](const std::string& column) {
        sql += " AND " + column + " = ?" + std::to_string(++parameter);
    };
    if (filter.state) add("state");
    if (!filter.kind.empty()) add("kind");
    if (!filter.created_by.empty()) add("created_by");
    return sql + " ORDER BY id DESC LIMIT ?2";
}

}  // namespace

Result<Job> Jobs::find(db::Snapshot& snapshot, JobId id) {
    static const std::string kSql =
        "SELECT " + std::string(kJobColumns) + " FROM jobs WHERE id = ?1";
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(to_int64(id));
    TRY(const bool row, query.next());
    if (!row) return no_job(id);
    return job_of(query);
}

Result<std::vector<Job>> Jobs::list(db::Snapshot& snapshot, const JobFilter& filter,
                                    std::optional<JobId> before, std::size_t limit) {
    TRY(db::Query query, snapshot.prepare(list_text(filter)));
    query.bind_at(1, before ? to_int64(*before) : std::numeric_limits<std::int64_t>::max());
    query.bind_at(2, std::min(limit, limits::kPage));
    int parameter = 2;
    if (filter.state) query.bind_at(++parameter, static_cast<std::int64_t>(*filter.state));
    if (!filter.kind.empty()) query.bind_at(++parameter, filter.kind);
    if (!filter.created_by.empty()) query.bind_at(++parameter, filter.created_by);
    std::vector<Job> jobs;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return jobs;
        jobs.push_back(job_of(query));
    }
}

Result<std::vector<ItemError>> Jobs::errors(db::Snapshot& snapshot, JobId id,
                                            std::int64_t after, std::size_t limit) {
    TRY(db::Query query, snapshot.prepare("SELECT item, code, message FROM job_errors"
                                          " WHERE job = ?1 AND number > ?2"
                                          " ORDER BY number LIMIT ?3"));
    query.bind(to_int64(id), after, std::min(limit, limits::kPage));
    std::vector<ItemError> errors;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return errors;
        errors.push_back({query.string(0), {code_of(query.text(1)), query.string(2)}});
    }
}

Result<std::optional<ReportPart>> Jobs::report(db::Snapshot& snapshot, JobId id,
                                               std::int64_t after) {
    TRY(db::Query query, snapshot.prepare("SELECT number, lines FROM job_reports"
                                          " WHERE job = ?1 AND number > ?2"
                                          " ORDER BY number LIMIT 1"));
    query.bind(to_int64(id), after);
    TRY(const bool row, query.next());
    if (!row) return std::nullopt;
    return ReportPart{query.int64(0), query.string(1)};
}

}  // namespace larmor::jobs

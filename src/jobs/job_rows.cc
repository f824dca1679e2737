#include "jobs/job_rows.h"

#include <algorithm>

namespace larmor::jobs {
namespace {

std::optional<Time> optional_time(const db::Query& query, int column) {
    if (query.is_null(column)) return std::nullopt;
    return Time(std::chrono::microseconds(query.int64(column)));
}

}  // namespace

std::int64_t to_stored(Time time) {
    return time.time_since_epoch().count();
}

ErrorCode code_of(std::string_view name) {
    for (int code = 0; code <= static_cast<int>(ErrorCode::OutcomeUnknown); ++code) {
        if (name_of(ErrorCode(code)) == name) return ErrorCode(code);
    }
    // Of a newer version beside us.
    return ErrorCode::Unsupported;
}

Job job_of(const db::Query& query) {
    Job job;
    job.id = JobId(query.int64(0));
    job.kind = query.string(1);
    job.created_by = query.string(2);
    job.parameters = query.string(3);
    job.state = static_cast<JobState>(query.int64(4));
    job.cancel_requested = query.int64(5) != 0;
    job.version = query.int64(6);
    job.progress = {query.int64(8), query.optional_int64(9), query.string(7)};
    job.worked = std::chrono::microseconds(query.int64(10));
    job.item_errors = query.int64(11);
    job.result = query.string(12);
    if (!query.is_null(13)) {
        job.error = Error{code_of(query.text(13)), query.string(14)};
    }
    job.created_at = Time(std::chrono::microseconds(query.int64(15)));
    job.started_at = optional_time(query, 16);
    job.ended_at = optional_time(query, 17);
    job.expires_at = optional_time(query, 18);
    return job;
}

Result<Job> lock_job(db::Transaction& tx, JobId id) {
    static const db::DialectText kSql([](db::Dialect dialect) {
        return db::for_update(
            dialect, "SELECT " + std::string(kJobColumns) + " FROM jobs WHERE id = ?1");
    });
    TRY(db::Query query, tx.prepare(kSql(tx.dialect())));
    query.bind(to_int64(id));
    TRY(const bool row, query.next());
    if (!row) return no_job(id);
    return job_of(query);
}

tl::unexpected<Error> no_job(JobId id) {
    return larmor::fail(ErrorCode::NotFound, "no job " + std::to_string(to_int64(id)));
}

std::string cut(std::string_view text, std::size_t bytes_max) {
    if (text.size() > bytes_max) {
        std::size_t end = bytes_max;
        const auto is_inside = [&] {
            return (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U;
        };
        while (end > 0 && is_inside()) --end;
        text = text.substr(0, end);
    }
    std::string kept(text);
    std::ranges::replace(kept, '\0', ' ');
    return kept;
}

}  // namespace larmor::jobs

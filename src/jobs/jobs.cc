#include "jobs/jobs.h"

#include <algorithm>

#include "base/hash.h"
#include "jobs/check_input.h"
#include "jobs/job_rows.h"

namespace larmor::jobs {
namespace {

/// Tells two requests under one key apart.
std::string hash_of(const NewJob& job) {
    const std::string request = job.kind + '\n' + job.parameters;
    return to_hex(sha256(as_bytes(request)));
}

tl::unexpected<Error> is_over(const Job& job) {
    return larmor::fail(ErrorCode::Conflict, "the job " + std::to_string(to_int64(job.id)) +
                                                 " is " + std::string(name_of(job.state)));
}

/// The job of this key, and whether it was made by the same request.
Result<Job> find_same(db::Transaction& tx, const NewJob& wanted) {
    static const std::string kSql = "SELECT " + std::string(kJobColumns) +
                                    ", request_hash FROM jobs"
                                    " WHERE created_by = ?1 AND idempotency_key = ?2";
    TRY(db::Query query, tx.prepare(kSql));
    query.bind(wanted.created_by, wanted.idempotency_key);
    TRY(const bool row, query.next());
    if (!row) {
        return larmor::fail(ErrorCode::Unavailable, "the job of this key was just removed");
    }
    if (query.text(19) != hash_of(wanted)) {
        return larmor::fail(ErrorCode::Conflict,
                            "the idempotency key was used for another request");
    }
    return job_of(query);
}

Result<void> insert_errors(db::Transaction& tx, const Job& job, const Step& step) {
    std::int64_t number = job.item_errors;
    for (const auto& error : step.errors) {
        if (++number > limits::kItemErrors) break;
        TRY_VOID(tx.run_later(
            "INSERT INTO job_errors (job, number, item, code, message)"
            " VALUES (?1, ?2, ?3, ?4, ?5)",
            to_int64(job.id), number, cut(error.item, limits::kItemBytes),
            name_of(error.error.code), cut(error.error.message, limits::kMessageBytes)));
    }
    return {};
}

/// One behind the last: the job is locked.
Result<void> insert_report(db::Transaction& tx, JobId id, const std::string& lines) {
    if (lines.empty()) return {};
    std::int64_t last = 0;
    {
        TRY(db::Query query,
            tx.prepare("SELECT coalesce(max(number), 0) FROM job_reports WHERE job = ?1"));
        query.bind(to_int64(id));
        TRY_VOID(query.next());
        last = query.int64(0);
    }
    return tx.run_later("INSERT INTO job_reports (job, number, lines) VALUES (?1, ?2, ?3)",
                        to_int64(id), last + 1, lines);
}

Result<void> remove_rows(db::Transaction& tx, JobId id) {
    TRY_VOID(tx.run_later("DELETE FROM job_reports WHERE job = ?1", to_int64(id)));
    TRY_VOID(tx.run_later("DELETE FROM job_errors WHERE job = ?1", to_int64(id)));
    return tx.run_later("DELETE FROM jobs WHERE id = ?1", to_int64(id));
}

}  // namespace

struct Jobs::End {
    JobState state = JobState::Succeeded;
    std::optional<std::string_view> result{};  ///< none: that of its last piece
    std::optional<Error> error{};
};

void Jobs::ring(db::Transaction& tx, JobId id) const {
    if (bell_ == nullptr) return;
    tx.on_commit([bell = bell_, id] { bell->ring(to_int64(id)); });
}

Result<void> Jobs::tell(db::Transaction& tx, const Job& job) const {
    return state_changed_ ? state_changed_(tx, job) : Result<void>();
}

Result<Jobs::Created> Jobs::create(db::Transaction& tx, const NewJob& job) const {
    TRY_VOID(check_new_job(job));
    const auto key = job.idempotency_key.empty()
                         ? std::nullopt
                         : std::optional<std::string_view>(job.idempotency_key);
    std::int64_t id = 0;
    {
        // Whoever was first has the key; the other one waits for its commit and then reads it.
        TRY(db::Query query,
            tx.prepare("INSERT INTO jobs (kind, created_by, parameters, idempotency_key,"
                       " request_hash, state, cancel_requested, version, unit, done, total,"
                       " worked, checkpoint, item_errors, result, error_message, created_at)"
                       " VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 1, ?6, ?7, ?8, 0, '', 0, '', '', ?9)"
                       " ON CONFLICT DO NOTHING RETURNING id"));
        const std::string hash = hash_of(job);
        query.bind(job.kind, job.created_by, job.parameters, key, hash, job.progress.unit,
                   job.progress.done, job.progress.total, to_stored(clock_.now()));
        TRY(const bool row, query.next());
        if (row) id = query.int64(0);
    }
    if (id == 0) {
        TRY(Job same, find_same(tx, job));
        return Created{std::move(same), false};
    }
    TRY(Job created, find(tx, JobId(id)));
    TRY_VOID(tell(tx, created));
    return Created{std::move(created), true};
}

Result<Jobs::Begun> Jobs::begin(db::Transaction& tx, JobId id) const {
    TRY(Job job, lock_job(tx, id));
    if (has_ended(job.state)) return is_over(job);
    if (job.state == JobState::Queued) {
        job.state = JobState::Running;
        job.started_at = clock_.now();
        ++job.version;
        TRY_VOID(
            tx.run_later("UPDATE jobs SET state = 1, started_at = ?2,"
                         " version = version + 1 WHERE id = ?1",
                         to_int64(id), to_stored(*job.started_at)));
        ring(tx, id);
        TRY_VOID(tell(tx, job));
    }
    TRY(db::Query query, tx.prepare("SELECT checkpoint FROM jobs WHERE id = ?1"));
    query.bind(to_int64(id));
    TRY_VOID(query.next());
    return Begun{std::move(job), query.string(0)};
}

Result<Job> Jobs::record(db::Transaction& tx, JobId id, const Step& step) const {
    TRY_VOID(check_step(step));
    TRY(Job job, lock_job(tx, id));
    if (job.state != JobState::Running) return is_over(job);
    TRY_VOID(insert_errors(tx, job, step));
    TRY_VOID(insert_report(tx, id, step.report));
    job.progress = step.progress;
    job.worked += step.worked;
    job.item_errors += static_cast<std::int64_t>(step.errors.size());
    if (!step.result.empty()) job.result = step.result;
    ++job.version;
    TRY_VOID(tx.run_later(
        "UPDATE jobs SET unit = ?2, done = ?3, total = ?4, worked = ?5, checkpoint = ?6,"
        " item_errors = ?7, result = ?8, version = version + 1 WHERE id = ?1",
        to_int64(id), job.progress.unit, job.progress.done, job.progress.total,
        job.worked.count(), step.checkpoint, job.item_errors, job.result));
    ring(tx, id);
    return job;
}

Result<Job> Jobs::end(db::Transaction& tx, JobId id, const End& end) const {
    TRY(const Job job, lock_job(tx, id));
    if (has_ended(job.state)) return is_over(job);
    const Time now = clock_.now();
    const auto code = end.error ? std::optional(name_of(end.error->code)) : std::nullopt;
    const std::string message =
        end.error ? cut(end.error->message, limits::kMessageBytes) : std::string();
    TRY_VOID(tx.run(
        "UPDATE jobs SET state = ?2, result = ?3, error_code = ?4,"
        " error_message = ?5, ended_at = ?6, expires_at = ?7,"
        " version = version + 1 WHERE id = ?1",
        to_int64(id), static_cast<std::int64_t>(end.state), end.result.value_or(job.result),
        code, message, to_stored(now), to_stored(now + keep_)));
    ring(tx, id);
    TRY(Job ended, find(tx, id));
    TRY_VOID(tell(tx, ended));
    return ended;
}

Result<Job> Jobs::succeed(db::Transaction& tx, JobId id, const std::string& result) const {
    TRY_VOID(check_json("the contents of a result", result));
    const End succeeded{.state = JobState::Succeeded, .result = result};
    return end(tx, id, succeeded);
}

Result<Job> Jobs::fail(db::Transaction& tx, JobId id, const Error& error) const {
    const End failed{.state = JobState::Failed, .error = error};
    return end(tx, id, failed);
}

Result<Job> Jobs::end_cancelled(db::Transaction& tx, JobId id) const {
    const End cancelled{.state = JobState::Cancelled};
    return end(tx, id, cancelled);
}

Result<Job> Jobs::cancel(db::Transaction& tx, JobId id) const {
    TRY(Job job, lock_job(tx, id));
    if (job.state == JobState::Cancelled || (job.cancel_requested && !has_ended(job.state))) {
        return job;
    }
    if (has_ended(job.state)) return is_over(job);
    TRY_VOID(tx.run("UPDATE jobs SET cancel_requested = 1, version = version + 1 WHERE id = ?1",
                    to_int64(id)));
    ring(tx, id);
    if (job.state == JobState::Queued) return end_cancelled(tx, id);
    return find(tx, id);
}

Result<void> Jobs::remove(db::Transaction& tx, JobId id) const {
    TRY(const Job job, lock_job(tx, id));
    if (!has_ended(job.state)) return is_over(job);
    ring(tx, id);
    return remove_rows(tx, id);
}

Result<std::int64_t> Jobs::remove_expired(db::Transaction& tx, std::size_t limit) const {
    std::vector<JobId> expired;
    {
        TRY(db::Query query, tx.prepare("SELECT id FROM jobs WHERE expires_at <= ?1"
                                        " ORDER BY expires_at LIMIT ?2"));
        query.bind(to_stored(clock_.now()), std::min(limit, limits::kPage));
        for (;;) {
            TRY(const bool row, query.next());
            if (!row) break;
            expired.push_back(JobId(query.int64(0)));
        }
    }
    for (const auto id : expired) TRY_VOID(remove_rows(tx, id));
    return static_cast<std::int64_t>(expired.size());
}

}  // namespace larmor::jobs

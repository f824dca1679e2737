#include "jobs/dispatch.h"

#include <charconv>

#include "jobs/job_rows.h"

namespace larmor::jobs {
namespace {

constexpr std::string_view kBefore = R"({"job":)";

}  // namespace

Result<Jobs::Created> dispatch(db::Transaction& tx, const Jobs& jobs, queue::Queue& queue,
                               const NewJob& job) {
    TRY(auto created, jobs.create(tx, job));
    if (created.is_new) TRY_VOID(send_on(tx, queue, created.job.id));
    return created;
}

Result<void> send_on(db::Transaction& tx, queue::Queue& queue, JobId id) {
    queue::NewMessage message;
    message.body = std::string(kBefore) + std::to_string(to_int64(id)) + '}';
    TRY(const auto sent, queue.send(tx, std::span(&message, 1)));
    return tx.run_later("UPDATE jobs SET message = ?2 WHERE id = ?1", to_int64(id),
                        queue::to_int64(sent.front().id));
}

Result<JobId> parse_job_message(std::string_view body) {
    std::int64_t id = 0;
    if (body.starts_with(kBefore)) {
        const auto* const end = body.data() + body.size();
        const auto read = std::from_chars(body.data() + kBefore.size(), end, id);
        if (read.ec == std::errc() && std::string_view(read.ptr, end) == "}") return JobId(id);
    }
    return fail(ErrorCode::InvalidInput, "the message names no job");
}

Result<std::optional<queue::MessageId>> message_of(db::Snapshot& snapshot, JobId id) {
    TRY(db::Query query, snapshot.prepare("SELECT message FROM jobs WHERE id = ?1"));
    query.bind(to_int64(id));
    TRY(const bool row, query.next());
    if (!row) return no_job(id);
    if (query.is_null(0)) return std::nullopt;
    return queue::MessageId(query.int64(0));
}

}  // namespace larmor::jobs

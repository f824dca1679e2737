#include "jobs/redrive.h"

#include <algorithm>
#include <vector>

#include "jobs/dispatch.h"
#include "jobs/job_rows.h"

namespace larmor::jobs {
namespace {

using queue::MessageId;

constexpr std::size_t kLettersAtOnce = 100;

/// Nothing for an id that is none, or no longer.
Result<std::optional<queue::DeadLetter>> find_letter(queue::Queue& queue, MessageId id) {
    TRY(const auto letters, queue.list_dead_letters(MessageId(queue::to_int64(id) - 1), 1));
    if (letters.empty() || letters.front().id != id) return std::nullopt;
    return letters.front();
}

/// Nothing for a message that names no job: it is sent anew as it is.
Result<std::optional<JobId>> job_of_letter(queue::Queue& queue, MessageId letter) {
    TRY(const std::string body, queue.read_body(letter));
    const auto id = parse_job_message(body);
    if (!id) return std::nullopt;
    return *id;
}

/// Errors: Conflict (the job has ended, or is there no more).
Result<void> check_is_open(const Result<Job>& job, JobId id) {
    if (job && !has_ended(job->state)) return {};
    if (!job && job.error().code != ErrorCode::NotFound) return tl::unexpected(job.error());
    const std::string name = "the job " + std::to_string(to_int64(id));
    return fail(ErrorCode::Conflict,
                name +
                    (job ? " has ended (" + std::string(name_of(job->state)) + ")"
                         : std::string(" is there no more")) +
                    ": make a new one, and purge its dead letter");
}

Result<void> check_letter(db::Database& database, queue::Queue& queue, MessageId letter) {
    TRY(const auto id, job_of_letter(queue, letter));
    if (!id) return {};
    const auto job =
        database.read([&](db::Snapshot& snapshot) { return Jobs::find(snapshot, *id); });
    return check_is_open(job, *id);
}

/// Errors: Conflict.
Result<void> send_job_on(db::Database& database, queue::Queue& queue, MessageId letter) {
    TRY(const auto id, job_of_letter(queue, letter));
    if (!id) return {};
    return database.write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(check_is_open(lock_job(tx, *id), *id));
        TRY(const auto message, message_of(tx, *id));
        // Else it was sent on already, by one who was lost before the letter was gone.
        return message == letter ? send_on(tx, queue, *id) : Result<void>();
    });
}

}  // namespace

Result<std::int64_t> redrive(db::Database& database, queue::Queue& queue,
                             std::span<const MessageId> ids) {
    std::vector<MessageId> letters;
    for (const auto id : ids) {
        TRY(const auto letter, find_letter(queue, id));
        if (!letter) continue;
        TRY_VOID(check_letter(database, queue, id));
        letters.push_back(id);
    }
    for (const auto letter : letters) TRY_VOID(send_job_on(database, queue, letter));
    // So the letters are no more: who receives them finds that the jobs run by others.
    return queue.redrive(letters);
}

Result<std::int64_t> redrive_all(db::Database& database, queue::Queue& queue) {
    // Not those that die meanwhile: they would come round again and again.
    TRY(const auto stats, queue.stats());
    std::int64_t sent = 0;
    std::int64_t left = stats.dead;
    for (MessageId after{}; left > 0;) {
        const auto page = std::min(kLettersAtOnce, static_cast<std::size_t>(left));
        TRY(const auto letters, queue.list_dead_letters(after, page));
        if (letters.empty()) break;
        for (const auto& letter : letters) {
            const auto one = redrive(database, queue, std::span(&letter.id, 1));
            if (!one && one.error().code != ErrorCode::Conflict) return one;
            sent += one.value_or(0);
        }
        left -= static_cast<std::int64_t>(letters.size());
        after = letters.back().id;
    }
    return sent;
}

}  // namespace larmor::jobs

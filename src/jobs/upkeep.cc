#include "jobs/upkeep.h"

#include <optional>

#include "jobs/dispatch.h"
#include "jobs/job_rows.h"
#include "observe/log.h"

namespace larmor::jobs {
namespace {

constexpr std::size_t kAtOnce = 100;

/// Why nobody will work on the job of this message again; nothing where somebody will.
Result<std::optional<Error>> why_orphaned(queue::Queue& queue, queue::MessageId message) {
    const auto before = queue::MessageId(queue::to_int64(message) - 1);
    TRY(const auto letters, queue.list_dead_letters(before, 1));
    if (!letters.empty() && letters.front().id == message) {
        const auto& letter = letters.front();
        if (letter.reason == queue::kWorkerLost) {
            return Error{ErrorCode::Unavailable, "the process that worked on it was lost " +
                                                     std::to_string(letter.start_count) +
                                                     " times"};
        }
        return Error{ErrorCode::Unavailable,
                     "it was given up: " + letter.reason + ' ' + letter.last_error};
    }
    const auto body = queue.read_body(message);
    if (body) return std::nullopt;
    if (body.error().code != ErrorCode::NotFound) return tl::unexpected(body.error());
    return Error{ErrorCode::Unavailable, "its message was removed from the queue"};
}

}  // namespace

Upkeep::Upkeep(db::Database& database, const Jobs& jobs, queue::Queue& queue)
    : Upkeep(database, jobs, queue, Options{}) {}
Upkeep::Upkeep(db::Database& database, const Jobs& jobs, queue::Queue& queue, Options options)
    : database_(database),
      jobs_(jobs),
      queue_(queue),
      options_(options),
      looking_("job-upkeep", options.look_every, [this] { look_and_log(); }) {}

Result<std::int64_t> Upkeep::fail_orphans(JobState state) {
    std::int64_t failed = 0;
    std::optional<JobId> before;
    while (!looking_.is_stopping()) {
        TRY(const auto open, database_.read([&](db::Snapshot& snapshot) {
            return Jobs::list(snapshot, {.state = state}, before, kAtOnce);
        }));
        for (const Job& job : open) {
            TRY(const auto message, database_.read([&](db::Snapshot& snapshot) {
                return message_of(snapshot, job.id);
            }));
            if (!message) continue;
            TRY(const auto why, why_orphaned(queue_, *message));
            if (!why) continue;
            const auto done =
                database_.write_and_wait([&](db::Transaction& tx) -> Result<bool> {
                    // A worker may have sent it on meanwhile, or ended it.
                    TRY_VOID(lock_job(tx, job.id));
                    TRY(const auto now, message_of(tx, job.id));
                    if (now != message) return false;
                    TRY_VOID(jobs_.fail(tx, job.id, *why));
                    return true;
                });
            if (done && *done) {
                ++failed;
                observe::log_warning(
                    "job failed",
                    {{"job", to_int64(job.id)}, {"kind", job.kind}, {"reason", why->message}});
            }
        }
        if (open.size() < kAtOnce) break;
        before = open.back().id;
    }
    return failed;
}

Result<std::int64_t> Upkeep::remove_expired() {
    std::int64_t expired = 0;
    while (!looking_.is_stopping()) {
        TRY(const std::int64_t some, database_.write_and_wait([&](db::Transaction& tx) {
            return jobs_.remove_expired(tx, kAtOnce);
        }));
        expired += some;
        if (some < static_cast<std::int64_t>(kAtOnce)) break;
    }
    return expired;
}

Result<Upkeep::Looked> Upkeep::look() {
    Looked looked;
    TRY(looked.failed, fail_orphans(JobState::Running));
    if (looks_++ % options_.looks_per_queued == 0) {
        TRY(const std::int64_t queued, fail_orphans(JobState::Queued));
        looked.failed += queued;
        TRY(looked.expired, remove_expired());
    }
    return looked;
}

void Upkeep::look_and_log() {
    const auto looked = look();
    if (!looked) {
        observe::log_error("look after jobs", {{"error", looked.error().message}});
    } else if (looked->expired > 0) {
        observe::log_info("jobs removed", {{"jobs", looked->expired}});
    }
}

}  // namespace larmor::jobs

#include "workers/steps/run_job.h"

#include "observe/log.h"
#include "workers/steps/cancel_watch.h"
#include "workers/verdict.h"

namespace larmor::workers {
namespace {

using jobs::Job;
using jobs::JobId;

/// Somebody ended or removed the job: nothing of it is to be written any more.
bool is_over(const Error& error) {
    return error.code == ErrorCode::NotFound || error.code == ErrorCode::Conflict;
}

bool may_pass(const Error& error) {
    // A full disk is for a person, who should not have to wait for the last try.
    return error.code != ErrorCode::NoSpace &&
           std::holds_alternative<Retry>(verdict_of(error, 1, {}, 0));
}

/// Of a message that may have killed its worker: others wait meanwhile.
constexpr std::chrono::seconds kSuspectTurn{30};
/// Nobody begins anything until the first of them has run: minutes would be too long for all.
constexpr std::chrono::seconds kTurnWhileOthersWait{1};

/// What became of a piece in its transaction.
enum class Stage : std::uint8_t { Message, Piece, Row, Recorded };

}  // namespace

/// One delivery.
class RunJob::Work {
public:
    Work(const RunJob& step, queue::Message message, async::CancelToken stop)
        : services_(step.services_),
          options_(step.options_),
          message_(std::move(message)),
          stop_(std::move(stop)),
          began_at_(services_.clock.uptime()) {}

    async::Task<Result<Verdict>> run() {
        CO_TRY(id_, jobs::parse_job_message(message_.body));
        auto begun = co_await begin();
        if (!begun) {
            if (is_over(begun.error())) co_return Done{};
            co_return tl::unexpected(std::move(begun).error());
        }
        begun_done_ = begun->job.progress.done;
        log("job runs", begun->job);
        if (begun->job.cancel_requested) co_return ended_cancelled();
        const auto kind = services_.kinds.find(begun->job.kind);
        if (kind == services_.kinds.end()) {
            co_return failed({ErrorCode::Unsupported,
                              "this server knows no jobs of the kind " + begun->job.kind});
        }
        auto run = kind->second->start(*begun);
        if (!run) co_return outcome_of(run.error());
        CancelWatch watch(services_, options_.look_every, id_, stop_);
        auto verdict = co_await work(**run, watch);
        co_await watch.end();
        co_return verdict;
    }

private:
    async::Task<Result<jobs::Jobs::Begun>> begin() {
        co_return co_await services_.database.write(
            [&](db::Transaction& tx) -> Result<jobs::Jobs::Begun> {
                TRY(auto begun, services_.jobs.begin(tx, id_));
                // Sent by hand, a second time: the one that the job has is good.
                TRY(const auto message, jobs::message_of(tx, id_));
                if (message != message_.id) {
                    return fail(ErrorCode::Conflict, "the job runs by another message");
                }
                return begun;
            });
    }

    async::Task<Result<Verdict>> work(jobs::Run& run, CancelWatch& watch) {
        for (;;) {
            const bool ends_here = watch.token().cancelled();
            const auto since = services_.clock.uptime();
            auto piece = co_await run.next(watch.token());
            if (!piece) co_return outcome_of(piece.error());
            const auto worked = services_.clock.uptime() - since;
            if (piece->is_last || ends_here) co_return settled(*std::move(piece), worked);
            Stage stage = Stage::Message;
            const auto job = co_await record(*piece, worked, stage);
            if (!job && stage == Stage::Piece) {
                const Error& error = job.error();
                co_await leave(run, watch);
                co_return outcome_of(error);
            }
            if (!job) {
                const Error& error = job.error();
                co_await leave(run, watch);
                // The message is somebody else's (then the outcome is refused), or the job is
                // over.
                if (stage == Stage::Row && is_over(error)) co_return Done{};
                co_return tl::unexpected(error);
            }
            if (job->cancel_requested || stop_.cancelled() || is_turn_over(*job)) {
                watch.cancel();
            }
        }
    }

    /// Nothing is on its way any more; what was done since is done again from the checkpoint.
    static async::Task<void> leave(jobs::Run& run, CancelWatch& watch) {
        watch.cancel();
        const auto token = watch.token();
        static_cast<void>(co_await run.next(token));
    }

    async::Task<Result<Job>> record(const jobs::Piece& piece, std::chrono::microseconds worked,
                                    Stage& stage) {
        co_return co_await services_.database.write([&](db::Transaction& tx) -> Result<Job> {
            stage = Stage::Message;
            const auto timeout = services_.queue.settings().visibility_timeout;
            TRY_VOID(services_.queue.extend(tx, message_.receipt_handle, timeout));
            stage = Stage::Piece;
            TRY(auto step, piece.write(tx));
            stage = Stage::Row;
            step.worked = worked;
            TRY(auto job, services_.jobs.record(tx, id_, step));
            stage = Stage::Recorded;
            return job;
        });
    }

    /// A message that may have killed its worker keeps all others of the process waiting: it is
    /// beyond suspicion as soon as the job got further.
    bool is_turn_over(const Job& job) const {
        const auto took = services_.clock.uptime() - began_at_;
        if (services_.gate.waiting() > 0 && took >= kTurnWhileOthersWait) return true;
        if (!message_.suspect) return took >= options_.turn;
        return job.progress.done > begun_done_ || took >= kSuspectTurn;
    }

    /// The end of this delivery: of the job too, or it is sent on.
    Verdict settled(jobs::Piece piece, std::chrono::microseconds worked) const {
        const auto shared = std::make_shared<const jobs::Piece>(std::move(piece));
        return Done{[services = services_, id = id_, shared,
                     worked](db::Transaction& tx) -> Result<void> {
            TRY(auto step, shared->write(tx));
            step.worked = worked;
            const auto job = services.jobs.record(tx, id, step);
            if (!job) {
                return is_over(job.error()) ? Result<void>() : tl::unexpected(job.error());
            }
            return settle(services, tx, *job, *shared);
        }};
    }
    static Result<void> settle(const Services& services, db::Transaction& tx, const Job& job,
                               const jobs::Piece& piece) {
        if (piece.is_last && piece.failure) {
            TRY_VOID(services.jobs.fail(tx, job.id, *piece.failure));
        } else if (piece.is_last) {
            TRY_VOID(services.jobs.succeed(tx, job.id, job.result.empty() ? "{}" : job.result));
        } else if (job.cancel_requested) {
            TRY_VOID(services.jobs.end_cancelled(tx, job.id));
        } else {
            TRY_VOID(jobs::send_on(tx, services.queue, job.id));
        }
        return {};
    }

    Verdict ended_cancelled() const {
        return ended([](const Services& services, db::Transaction& tx, JobId id) {
            return services.jobs.end_cancelled(tx, id);
        });
    }
    Verdict failed(const Error& error) const {
        observe::log_warning("job failed",
                             {{"job", to_int64(id_)}, {"code", name_of(error.code)}});
        return ended([error](const Services& services, db::Transaction& tx, JobId id) {
            return services.jobs.fail(tx, id, error);
        });
    }
    template <typename F>
    Verdict ended(F end) const {
        return Done{[services = services_, id = id_, end](db::Transaction& tx) -> Result<void> {
            const auto job = end(services, tx, id);
            if (!job && !is_over(job.error())) return tl::unexpected(job.error());
            return {};
        }};
    }
    Result<Verdict> outcome_of(const Error& error) const {
        const std::int64_t starts = message_.start_count + (message_.is_started ? 0 : 1);
        const bool is_last_start = starts >= services_.queue.settings().receive_count_max;
        if (may_pass(error) && !is_last_start) return tl::unexpected(error);
        return failed(error);
    }

    static void log(const char* what, const Job& job) {
        observe::log_info(
            what, {{"job", to_int64(job.id)}, {"kind", job.kind}, {"done", job.progress.done}});
    }

    const Services& services_;
    const Options& options_;
    const queue::Message message_;
    const async::CancelToken stop_;
    const std::chrono::microseconds began_at_;
    JobId id_{};
    std::int64_t begun_done_ = 0;
};

RunJob::RunJob(const Services& services) : RunJob(services, Options{}) {}
RunJob::RunJob(const Services& services, const Options& options)
    : services_(services), options_(options) {}

async::Task<Result<Verdict>> RunJob::run(queue::Message message, async::CancelToken stop) {
    Work work(*this, std::move(message), std::move(stop));
    co_return co_await work.run();
}

}  // namespace larmor::workers

#include "larmor/follow_job.h"

#include <unistd.h>

#include <cstdio>

#include "larmor/import_report.h"

namespace larmor {

Result<JobView> follow_job(ServerJobs& jobs, JobView job, OnSignal on_signal,
                           const std::function<Result<void>(const JobView&)>& changed) {
    stop_imports_on_signals();
    bool was_asked = false;
    TRY_VOID(changed(job));
    while (!job.has_ended()) {
        if (should_stop_on_signal() && !was_asked) {
            if (on_signal == OnSignal::Leave) return job;
            was_asked = true;
            const auto cancelled = jobs.cancel(job.id);
            // One that has just ended is no conflict here.
            if (!cancelled && cancelled.error().code != ErrorCode::Conflict) {
                return tl::unexpected(cancelled.error());
            }
        }
        TRY(JobView now, jobs.wait(job));
        if (now.version == job.version) continue;
        job = std::move(now);
        TRY_VOID(changed(job));
    }
    return job;
}

FollowForm follow_form(bool json) {
    if (json) return FollowForm::Json;
    return isatty(STDERR_FILENO) != 0 ? FollowForm::Terminal : FollowForm::Plain;
}

int follow_and_tell(ServerJobs& jobs, const JobView& job, OnSignal on_signal, FollowForm form) {
    using Steady = std::chrono::steady_clock;
    Steady::time_point told{};
    const auto tell = [&](const JobView& now) -> Result<void> {
        if (form == FollowForm::Json) {
            std::puts(now.json.c_str());
            std::fflush(stdout);
            return {};
        }
        const auto pause =
            std::chrono::milliseconds(form == FollowForm::Terminal ? 200 : 10'000);
        if (now.has_ended() || Steady::now() - told < pause) return {};
        told = Steady::now();
        const bool is_terminal = form == FollowForm::Terminal;
        std::fprintf(stderr, "%s%s%s", is_terminal ? "\r\x1b[K" : "", describe(now).c_str(),
                     is_terminal ? "" : "\n");
        return {};
    };
    const auto ended = follow_job(jobs, job, on_signal, tell);
    if (form == FollowForm::Terminal) std::fputs("\r\x1b[K", stderr);
    if (!ended) return fail_command(ended.error());
    if (form != FollowForm::Json) std::puts(describe(*ended).c_str());
    return ended->state == "succeeded" ? kDone : kFailed;
}

}  // namespace larmor

#include "api/job_stream.h"

#include "api/job_json.h"

namespace larmor::api {
namespace {

std::string progress_event(const jobs::Job& job) {
    std::string text = "event: progress\nid: " + std::to_string(job.version) + "\ndata: ";
    const std::size_t start = text.size();
    append_job_json(text, job);
    // One line: the parameters are as they were given.
    std::replace_if(
        text.begin() + static_cast<std::ptrdiff_t>(start), text.end(),
        [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return text + "\n\n";
}

}  // namespace

JobStream::JobStream(ContextPtr context, async::Bell::Listener listener, jobs::JobId id,
                     async::CancelToken stop)
    : context_(std::move(context)),
      listener_(std::move(listener)),
      id_(id),
      stop_(std::move(stop)),
      ends_(std::chrono::steady_clock::now() + kLifetime),
      told_(std::chrono::steady_clock::now()) {}

http::Task<Result<std::optional<http::Part>>> JobStream::next() {
    while (!is_ended_) {
        const auto job = co_await context_->read(
            [this](db::Snapshot& snapshot) { return jobs::Jobs::find(snapshot, id_); });
        if (!job && job.error().code != ErrorCode::NotFound) {
            co_return tl::unexpected(job.error());
        }
        if (!job) break;
        const auto now = std::chrono::steady_clock::now();
        if (job->version != version_) {
            version_ = job->version;
            told_ = now;
            is_ended_ = has_ended(job->state);
            co_return http::Part(progress_event(*job));
        }
        if (now - told_ >= context_->options.event_heartbeat) {
            told_ = now;
            co_return http::Part(std::string(": heartbeat\n\n"));
        }
        const auto woken = co_await listener_.wait(kJobLookEvery);
        is_ended_ = woken.is_closed || stop_.cancelled() || now >= ends_;
    }
    co_return std::nullopt;
}

}  // namespace larmor::api

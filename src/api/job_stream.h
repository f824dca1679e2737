#pragma once
#include <optional>

#include "api/context.h"
#include "async/bell.h"
#include "jobs/jobs.h"

namespace larmor::api {

/// Other processes change rows without a ring: how often whoever waits for a job looks anyway.
inline constexpr std::chrono::milliseconds kJobLookEvery{1'000};

/// The changes of one job as server-sent events: `progress`, whose data is the job and whose id
/// is its version. Ends when the job has ended or is gone, with the server, and after
/// kLifetime.
class JobStream {
public:
    static constexpr std::chrono::minutes kLifetime{15};
    static constexpr std::string_view kOpening = ": open\nretry: 2000\n\n";

    JobStream(ContextPtr context, async::Bell::Listener listener, jobs::JobId id,
              async::CancelToken stop);

    /// The generator of the response.
    http::Task<Result<std::optional<http::Part>>> next();

private:
    const ContextPtr context_;
    async::Bell::Listener listener_;
    const jobs::JobId id_;
    const async::CancelToken stop_;
    const async::SteadyTime ends_;
    async::SteadyTime told_;
    std::int64_t version_ = 0;
    bool is_ended_ = false;
};

}  // namespace larmor::api

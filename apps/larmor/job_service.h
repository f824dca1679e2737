#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "larmor/command.h"
#include "larmor/job_view.h"
#include "larmor/running_server.h"

namespace larmor {

/// The jobs of a library.
class JobService {
public:
    virtual ~JobService() = default;
    /// `query` as GET /v1/jobs takes it.
    virtual Result<JobPage> list(const std::string& query) = 0;
    /// Errors: NotFound, as the next ones.
    virtual Result<JobView> find(const std::string& id) = 0;
    virtual Result<JobView> cancel(const std::string& id) = 0;
    virtual Result<void> remove(const std::string& id) = 0;
    /// As JSON: `{"errors":[..],"next":..}`.
    virtual Result<std::string> errors(const std::string& id, std::int64_t after) = 0;
};

/// Jobs of a running server, which can be made and followed too.
class ServerJobs final : public JobService {
public:
    explicit ServerJobs(const RunningServer& server);

    Result<JobPage> list(const std::string& query) override;
    Result<JobView> find(const std::string& id) override;
    Result<JobView> cancel(const std::string& id) override;
    Result<void> remove(const std::string& id) override;
    Result<std::string> errors(const std::string& id, std::int64_t after) override;

    /// Errors: InvalidInput; NotFound where what is asked for is gone.
    Result<JobView> create(const std::string& kind, const std::string& parameters);
    /// The job as soon as it is another version than `known`, or as it is after a second.
    Result<JobView> wait(const JobView& known);
    /// The lines of its report behind part `after`, which becomes the number of that part;
    /// empty where there are none yet.
    Result<std::string> report(const std::string& id, std::int64_t& after);

private:
    Error went_away(const Error& error) const;
    Result<std::string> call(std::string_view method, const std::string& target);

    const std::string name_;
    ServerApi api_;
};

/// Opens the library itself; where a server has it open, goes through that server.
Result<std::unique_ptr<JobService>> open_job_service(const Settings& settings);

}  // namespace larmor

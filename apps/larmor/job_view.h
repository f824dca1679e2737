#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace larmor {

/// A job as `/v1/jobs` shows it, as far as the command line looks at it.
struct JobView {
    std::string id, kind, state, created_at;
    bool cancel_requested = false;
    std::int64_t version = 0;
    std::int64_t done = 0;
    std::optional<std::int64_t> total;
    std::string unit;
    std::optional<double> rate;  ///< units a second
    std::optional<double> seconds_left;
    std::int64_t item_errors = 0;
    std::string result;         ///< JSON; may be empty
    std::string error_code;     ///< empty unless it failed
    std::string error_message;  ///< the same
    std::string json;           ///< all of it, one line

    bool has_ended() const { return state != "queued" && state != "running"; }
};

/// Errors: InvalidInput for what is no job.
Result<JobView> parse_job(std::string_view json);
struct JobPage {
    std::vector<JobView> jobs;
    std::string next;  ///< where the next page begins; empty at the end
};
Result<JobPage> parse_job_page(std::string_view json);

/// `17 import running 4200 of 10000 files, 500.0 files/s, 0:12 left`: one line.
std::string describe(const JobView& job);

}  // namespace larmor

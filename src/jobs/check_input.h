#pragma once
#include "jobs/jobs.h"

namespace larmor::jobs {

// What callers hand in, against `limits`. Errors: InvalidInput, which names what and the limit.
Result<void> check_new_job(const NewJob& job);
Result<void> check_step(const Step& step);
Result<void> check_progress(const Progress& progress);
/// Also that it is a JSON object.
Result<void> check_json(const std::string& what, const std::string& text);

}  // namespace larmor::jobs

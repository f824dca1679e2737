#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "jobs/jobs.h"

namespace larmor::api {

/// Appends `{"id":"17","kind":"import","state":"running",...}`: docs/api/openapi.json, Job.
void append_job_json(std::string& json, const jobs::Job& job);

/// `{"errors":[{"number":1,"item":..,"code":..,"message":..}],"next":1}`; `errors` are those
/// behind number `after`.
std::string errors_json(const std::vector<jobs::ItemError>& errors, std::int64_t after);

/// Reads the members `kind` and, where it is given, `parameters`. Errors: InvalidInput that
/// names the member.
Result<jobs::NewJob> parse_job_request(std::string_view json);

}  // namespace larmor::api

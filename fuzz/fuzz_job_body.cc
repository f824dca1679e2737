// The body of POST /v1/jobs, the parameters in it for each kind of job, and the same bytes as
// what a job keeps: a checkpoint and a message. What is refused says why; what is taken can be
// begun, and a checkpoint is read back as it was written.
#include <simdjson.h>

#include "api/job_json.h"
#include "api/problem.h"
#include "jobs/dispatch.h"
#include "workers/steps/import_parameters.h"
#include "workers/steps/replay_parameters.h"

namespace {

using namespace larmor;

void check_refusal(const Error& error) {
    LARMOR_CHECK(error.code == ErrorCode::InvalidInput ||
                 error.code == ErrorCode::LimitExceeded);
    LARMOR_CHECK(!error.message.empty());
    simdjson::dom::parser parser;
    const std::string json = api::problem_json(error, "id");
    LARMOR_CHECK(parser.parse(json).error() == simdjson::SUCCESS);
}

void parse_parameters(const std::string& parameters) {
    if (const auto import = workers::parse_import_parameters(parameters)) {
        LARMOR_CHECK(!import->paths.empty());
        for (const auto& path : import->paths) LARMOR_CHECK(path.is_absolute());
    } else {
        check_refusal(import.error());
    }
    if (const auto replay = workers::parse_replay_parameters(parameters)) {
        LARMOR_CHECK(replay->queue.empty() != replay->rule.empty());
        LARMOR_CHECK(replay->from_sequence.has_value() != replay->from_time.has_value());
        LARMOR_CHECK(replay->from_sequence.value_or(1) >= 1 && replay->last.value_or(1) >= 1);
    } else {
        check_refusal(replay.error());
    }
}

void parse_what_is_kept(std::string_view text) {
    if (const auto checkpoint = workers::parse_import_checkpoint(text)) {
        const std::string json = to_json(*checkpoint);
        const auto again = workers::parse_import_checkpoint(json);
        LARMOR_CHECK(again && to_json(*again) == json);
    }
    if (const auto id = jobs::parse_job_message(text)) {
        LARMOR_CHECK(text == R"({"job":)" + std::to_string(jobs::to_int64(*id)) + '}' ||
                     text.starts_with(R"({"job":0)") || text.starts_with(R"({"job":-)"));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    if (const auto job = api::parse_job_request(body)) {
        parse_parameters(job->parameters);
    } else {
        check_refusal(job.error());
    }
    parse_parameters(std::string(body));
    parse_what_is_kept(body);
    return 0;
}

#include "jobs/check_input.h"

#include <simdjson.h>

#include <algorithm>

#include "base/json_text.h"

namespace larmor::jobs {
namespace {

tl::unexpected<Error> invalid(const std::string& what) {
    return larmor::fail(ErrorCode::InvalidInput, what);
}

Result<void> check_name(const std::string& what, const std::string& text) {
    if (text.size() > limits::kNameBytes || text.find('\0') != std::string::npos ||
        !is_utf8(text)) {
        return invalid(what + " has at most " + std::to_string(limits::kNameBytes) +
                       " bytes of UTF-8");
    }
    return {};
}

}  // namespace

Result<void> check_json(const std::string& what, const std::string& text) {
    if (text.size() > limits::kJsonBytes) {
        return invalid(what + " have more than " + std::to_string(limits::kJsonBytes) +
                       " bytes");
    }
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(text).get(object) != simdjson::SUCCESS) {
        return invalid(what + " are a JSON object");
    }
    return {};
}

Result<void> check_progress(const Progress& progress) {
    if (progress.done < 0 || progress.total.value_or(0) < 0) {
        return invalid("progress is counted from 0");
    }
    return check_name("the unit of progress", progress.unit);
}

Result<void> check_new_job(const NewJob& job) {
    const auto is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    if (job.kind.empty() || job.kind.size() > limits::kNameBytes ||
        !std::ranges::all_of(job.kind, is_word)) {
        return invalid("the kind of a job is 1 to 80 of a-z 0-9 _ -");
    }
    TRY_VOID(check_name("who creates a job", job.created_by));
    TRY_VOID(check_name("the idempotency key", job.idempotency_key));
    TRY_VOID(check_progress(job.progress));
    return check_json("the parameters", job.parameters);
}

Result<void> check_step(const Step& step) {
    TRY_VOID(check_progress(step.progress));
    if (step.report.size() > limits::kReportBytes) {
        return invalid("the lines of one piece have more than " +
                       std::to_string(limits::kReportBytes) + " bytes");
    }
    if (!step.result.empty()) TRY_VOID(check_json("the contents of a result", step.result));
    return step.checkpoint.empty()
               ? Result<void>()
               : check_json("the contents of a checkpoint", step.checkpoint);
}

}  // namespace larmor::jobs

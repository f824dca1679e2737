#include "larmor/job_view.h"

#include <simdjson.h>

#include <cstdio>

#include "larmor/import_report.h"

namespace larmor {
namespace {

namespace dom = simdjson::dom;

tl::unexpected<Error> no_job() {
    return fail(ErrorCode::InvalidInput, "the server answered something else than a job");
}

std::string text_of(dom::object object, const char* name) {
    std::string_view text;
    return object[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

template <typename T>
std::optional<T> number_of(dom::object object, const char* name) {
    T number{};
    if (object[name].get(number) != simdjson::SUCCESS) return std::nullopt;
    return number;
}

Result<JobView> job_of(dom::element element) {
    dom::object object;
    dom::object progress;
    JobView job;
    if (element.get(object) != simdjson::SUCCESS ||
        object["progress"].get(progress) != simdjson::SUCCESS) {
        return no_job();
    }
    job.id = text_of(object, "id");
    job.kind = text_of(object, "kind");
    job.state = text_of(object, "state");
    job.created_at = text_of(object, "created_at");
    if (object["cancel_requested"].get(job.cancel_requested) != simdjson::SUCCESS ||
        job.id.empty() || job.state.empty()) {
        return no_job();
    }
    job.version = number_of<std::int64_t>(object, "version").value_or(0);
    job.item_errors = number_of<std::int64_t>(object, "item_errors").value_or(0);
    job.done = number_of<std::int64_t>(progress, "done").value_or(0);
    job.total = number_of<std::int64_t>(progress, "total");
    job.unit = text_of(progress, "unit");
    job.rate = number_of<double>(progress, "rate");
    job.seconds_left = number_of<double>(progress, "seconds_left");
    dom::object part;
    if (object["result"].get(part) == simdjson::SUCCESS) job.result = simdjson::minify(part);
    if (object["error"].get(part) == simdjson::SUCCESS) {
        job.error_code = text_of(part, "code");
        job.error_message = text_of(part, "message");
    }
    job.json = simdjson::minify(object);
    return job;
}

}  // namespace

Result<JobView> parse_job(std::string_view json) {
    dom::parser parser;
    dom::element element;
    if (parser.parse(json).get(element) != simdjson::SUCCESS) return no_job();
    return job_of(element);
}

Result<JobPage> parse_job_page(std::string_view json) {
    dom::parser parser;
    dom::object object;
    dom::array array;
    if (parser.parse(json).get(object) != simdjson::SUCCESS ||
        object["jobs"].get(array) != simdjson::SUCCESS) {
        return no_job();
    }
    JobPage page;
    for (const auto element : array) {
        TRY(auto job, job_of(element));
        page.jobs.push_back(std::move(job));
    }
    page.next = text_of(object, "next");
    return page;
}

std::string describe(const JobView& job) {
    std::string text = job.id + ' ' + job.kind + ' ' + job.state;
    if (job.cancel_requested && !job.has_ended()) text += " (to be cancelled)";
    text += ' ' + std::to_string(job.done);
    if (job.total) text += " of " + std::to_string(*job.total);
    text += ' ' + job.unit;
    if (job.item_errors > 0) text += ", " + std::to_string(job.item_errors) + " errors";
    if (!job.has_ended() && job.rate) {
        char rate[64];
        std::snprintf(rate, sizeof rate, ", %.1f ", *job.rate);
        text += rate + job.unit + "/s";
    }
    if (job.seconds_left) text += ", " + format_duration(*job.seconds_left) + " left";
    if (!job.error_code.empty()) text += ": " + job.error_code + ' ' + job.error_message;
    return text;
}

}  // namespace larmor

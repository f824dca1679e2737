#include "api/job_json.h"

#include <simdjson.h>

#include <cmath>
#include <cstdio>

#include "base/json_text.h"

namespace larmor::api {
namespace {

namespace ondemand = simdjson::ondemand;

/// What came from files and other programs may be any bytes.
void append_any_text(std::string& json, std::string_view key, std::string_view value) {
    json += key;
    append_json_string(json, is_utf8(value) ? value : "(no UTF-8)");
}

void append_time(std::string& json, std::string_view key, const std::optional<Time>& time) {
    if (time) append_any_text(json, key, to_iso8601(*time));
}

std::string decimal(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f", number);
    return text;
}

void append_progress(std::string& json, const jobs::Job& job) {
    const auto& progress = job.progress;
    json += R"(,"progress":{"done":)" + std::to_string(progress.done);
    json += R"(,"total":)" + (progress.total ? std::to_string(*progress.total) : "null");
    append_any_text(json, R"(,"unit":)", progress.unit);
    const auto rate = job.rate();
    json += R"(,"rate":)" + (rate ? decimal(*rate) : "null");
    const auto left = job.time_left();
    json += R"(,"seconds_left":)";
    json += left ? decimal(std::chrono::duration<double>(*left).count()) : "null";
    json += '}';
}

}  // namespace

void append_job_json(std::string& json, const jobs::Job& job) {
    json += R"({"id":")" + std::to_string(to_int64(job.id)) + '"';
    append_any_text(json, R"(,"kind":)", job.kind);
    append_any_text(json, R"(,"state":)", name_of(job.state));
    json += R"(,"cancel_requested":)";
    json += job.cancel_requested ? "true" : "false";
    append_any_text(json, R"(,"created_by":)", job.created_by);
    append_time(json, R"(,"created_at":)", job.created_at);
    append_time(json, R"(,"started_at":)", job.started_at);
    append_time(json, R"(,"ended_at":)", job.ended_at);
    append_time(json, R"(,"expires_at":)", job.expires_at);
    json += R"(,"version":)" + std::to_string(job.version);
    append_progress(json, job);
    json += R"(,"item_errors":)" + std::to_string(job.item_errors);
    // Both were checked to be JSON when they were stored.
    json += R"(,"parameters":)" + job.parameters;
    if (!job.result.empty()) json += R"(,"result":)" + job.result;
    if (job.error) {
        append_any_text(json, R"(,"error":{"code":)", name_of(job.error->code));
        append_any_text(json, R"(,"message":)", job.error->message);
        json += '}';
    }
    json += '}';
}

std::string errors_json(const std::vector<jobs::ItemError>& errors, std::int64_t after) {
    std::string json = R"({"errors":[)";
    for (const auto& error : errors) {
        json += json.back() == '[' ? "{" : ",{";
        json += R"("number":)" + std::to_string(++after);
        append_any_text(json, R"(,"item":)", error.item);
        append_any_text(json, R"(,"code":)", name_of(error.error.code));
        append_any_text(json, R"(,"message":)", error.error.message);
        json += '}';
    }
    json += R"(],"next":)";
    json += errors.empty() ? "null" : std::to_string(after);
    return json + '}';
}

Result<jobs::NewJob> parse_job_request(std::string_view json) {
    const auto wrong = [](const char* what) { return fail(ErrorCode::InvalidInput, what); };
    const simdjson::padded_string padded(json);
    ondemand::parser parser;
    ondemand::document document;
    ondemand::object object;
    if (parser.iterate(padded).get(document) || document.get_object().get(object)) {
        return wrong("the body is no JSON object");
    }
    jobs::NewJob job;
    for (auto field : object) {
        std::string_view key;
        ondemand::value value;
        if (field.unescaped_key().get(key) || field.value().get(value)) {
            return wrong("the body is no JSON object");
        }
        std::string_view text;
        if (key == "kind") {
            if (value.get_string().get(text)) return wrong("the member kind is a text");
            job.kind = text;
        } else if (key == "parameters") {
            ondemand::object parameters;
            if (value.get_object().get(parameters) || parameters.raw_json().get(text)) {
                return wrong("the member parameters is a JSON object");
            }
            job.parameters = text;
        } else {
            return wrong("the body has a member that is not known here");
        }
    }
    if (job.kind.empty()) return wrong("the body lacks the member kind");
    return job;
}

}  // namespace larmor::api

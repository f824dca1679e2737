#include "jobs/import_events.h"

#include <simdjson.h>

#include <algorithm>

#include "base/json_text.h"

namespace larmor::jobs {
namespace {

constexpr std::size_t kServiceIdLength = 32;

struct Words {
    std::string_view event;
    std::string_view status;
};

Words words_of(JobState state) {
    switch (state) {
        case JobState::Queued:
            return {"Import Job Submitted", "SUBMITTED"};
        case JobState::Running:
            return {"Import Job In Progress", "IN_PROGRESS"};
        case JobState::Succeeded:
            return {"Import Job Completed", "COMPLETED"};
        case JobState::Failed:
        case JobState::Cancelled:
            return {"Import Job Failed", "FAILED"};
    }
    return {"Import Job Failed", "FAILED"};
}

/// A path on this machine may have a patient's name in it: only an URI of S3 is told.
std::string_view told(std::string_view uri) {
    return uri.starts_with("file:") ? std::string_view() : uri;
}

void append_text(std::string& json, std::string_view name, std::string_view text) {
    if (json.back() != '{') json += ',';
    append_json_string(json, name);
    json += ':';
    append_json_string(json, text);
}

}  // namespace

Result<ImportPlaces> places_of(const Job& job) {
    simdjson::dom::parser parser;
    simdjson::dom::element parameters;
    if (parser.parse(job.parameters).get(parameters) != simdjson::SUCCESS) {
        return larmor::fail(ErrorCode::Corrupt, "the parameters of a job are no JSON");
    }
    const auto text = [&](const char* name, const char* of_service) {
        std::string_view found;
        if (parameters[of_service].get(found) != simdjson::SUCCESS &&
            parameters[name].get(found) != simdjson::SUCCESS) {
            return std::string();
        }
        return std::string(found);
    };
    return ImportPlaces{.name = text("jobName", "job_name"),
                        .input_uri = text("inputS3Uri", "input_uri"),
                        .output_uri = text("outputS3Uri", "output_uri")};
}

bool is_import(std::string_view kind) {
    return std::ranges::find(kImportKinds, kind) != kImportKinds.end();
}

std::string to_service_id(JobId id) {
    std::string digits = std::to_string(to_int64(id));
    return digits.insert(0, kServiceIdLength - digits.size(), '0');
}

Result<void> ImportEvents::operator()(db::Transaction& tx, const Job& job) const {
    if (!is_import(job.kind)) return {};
    const Words words = words_of(job.state);
    TRY(const auto places, places_of(job));
    std::string detail = "{";
    append_text(detail, "imagingVersion", "1.0");
    append_text(detail, "datastoreId", datastore_id_);
    append_text(detail, "jobId", to_service_id(job.id));
    append_text(detail, "jobName", places.name);
    append_text(detail, "jobStatus", words.status);
    append_text(detail, "inputS3Uri", told(places.input_uri));
    append_text(detail, "outputS3Uri", told(places.output_uri));
    detail += '}';
    const std::string id = std::to_string(to_int64(job.id));
    const std::string arn = "arn:aws:medical-imaging:" + source_.region + ':' +
                            source_.account + ":datastore/" + datastore_id_;
    TRY_VOID(log_->append(
        tx, {.detail_type = words.event, .detail = detail, .resource = arn, .subject_id = id}));
    return {};
}

}  // namespace larmor::jobs

#include "workers/steps/write_manifest.h"

#include <simdjson.h>

#include <map>

#include "base/json_text.h"

namespace larmor::workers {
namespace {

namespace dom = simdjson::dom;
using ingest::ManifestParameters;

/// An image set that instances of the import are in.
struct Imported {
    std::string id;
    std::int64_t version = 0;
    bool is_primary = true;
    std::int64_t instances = 0;
};

std::string text_of(const dom::object& line, const char* name) {
    std::string_view text;
    return line[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

/// As a key of a bucket would be: the path without the slash in front.
std::string input_file_of(const dom::object& line) {
    const std::string file = text_of(line, "file");
    return file.starts_with('/') ? file.substr(1) : file;
}

class ManifestWriter {
public:
    ManifestWriter(db::Database& database, const catalog::Catalog& catalog,
                   std::unique_ptr<LineOutput> successes, std::unique_ptr<LineOutput> failures)
        : database_(database),
          catalog_(catalog),
          successes_(std::move(successes)),
          failures_(std::move(failures)) {}

    Result<void> add(std::string_view line) {
        dom::object object;
        if (parser_.parse(line.data(), line.size()).get(object) != simdjson::SUCCESS) {
            return fail(ErrorCode::Corrupt, "the report of the import has a line that is none");
        }
        ++files_;
        return text_of(object, "outcome") == "rejected" ? add_failure(object)
                                                        : add_success(object);
    }
    Result<void> finish() {
        TRY_VOID(successes_->finish());
        return failures_->finish();
    }
    std::string summary_members() const {
        std::string json = R"("numberOfScannedFiles":)" + std::to_string(files_);
        json += R"(,"numberOfImportedFiles":)" + std::to_string(files_ - rejected_);
        json += R"(,"numberOfFilesWithCustomerError":)" + std::to_string(rejected_);
        json += R"(,"numberOfFilesWithServerError":0,"numberOfGeneratedImageSets":)" +
                std::to_string(image_sets_.size()) + R"(,"imageSetsSummary":[)";
        for (const auto& [key, set] : image_sets_) {
            if (json.back() != '[') json += ',';
            json += R"({"imageSetId":")" + set.id + '"';
            json += R"(,"imageSetVersion":)" + std::to_string(set.version);
            json += R"(,"isPrimary":)" + std::string(set.is_primary ? "true" : "false");
            json += R"(,"numberOfMatchedSOPInstances":)" + std::to_string(set.instances) + '}';
        }
        return json + ']';
    }

private:
    Result<void> add_failure(const dom::object& line) {
        ++rejected_;
        std::string json = R"({"inputFile":)" + to_json_string(input_file_of(line));
        json += R"(,"exception":{"exceptionType":"ValidationException","message":)" +
                to_json_string(text_of(line, "reason")) + "}}";
        return failures_->add(json);
    }
    Result<void> add_success(const dom::object& line) {
        TRY(Imported* const set, image_set_of(line));
        std::string json = R"({"inputFile":)" + to_json_string(input_file_of(line));
        json += R"(,"importResponse":{)";
        if (set != nullptr) {
            ++set->instances;
            json += R"("imageSetId":")" + set->id + R"(","isPrimary":)";
            json += set->is_primary ? "true" : "false";
        }
        return successes_->add(json + "}}");
    }
    /// Null where it was deleted since.
    Result<Imported*> image_set_of(const dom::object& line) {
        const std::string conflict = text_of(line, "image_set_id");
        const std::string study = text_of(line, "study_instance_uid");
        const std::string series = text_of(line, "series_instance_uid");
        const std::string key = conflict.empty() ? study + '/' + series : conflict;
        if (const auto known = image_sets_.find(key); known != image_sets_.end()) {
            return &known->second;
        }
        const auto found = database_.read([&](db::Snapshot& s) -> Result<catalog::ImageSet> {
            if (!conflict.empty()) return catalog_.find_image_set(s, conflict);
            TRY(auto stored, catalog_.find_series(s, study, series));
            return stored.image_set;
        });
        if (!found && found.error().code == ErrorCode::NotFound) return nullptr;
        if (!found) return tl::unexpected(found.error());
        auto& made = image_sets_[key];
        made = {.id = found->id,
                .version = found->latest_version,
                .is_primary = found->is_primary,
                .instances = 0};
        return &made;
    }

    db::Database& database_;
    const catalog::Catalog& catalog_;
    const std::unique_ptr<LineOutput> successes_;
    const std::unique_ptr<LineOutput> failures_;
    dom::parser parser_;
    std::map<std::string, Imported> image_sets_;
    std::int64_t files_ = 0;
    std::int64_t rejected_ = 0;
};

Result<void> add_report(db::Database& database, jobs::JobId job, ManifestWriter& writer) {
    std::int64_t after = 0;
    for (;;) {
        TRY(const auto part, database.read([&](db::Snapshot& snapshot) {
            return jobs::Jobs::report(snapshot, job, after);
        }));
        if (!part) return {};
        after = part->number;
        std::string_view lines = part->lines;
        while (!lines.empty()) {
            const auto end = std::min(lines.find('\n'), lines.size());
            TRY_VOID(writer.add(lines.substr(0, end)));
            lines.remove_prefix(std::min(end + 1, lines.size()));
        }
    }
}

std::string job_summary(jobs::JobId job, const ManifestParameters& parameters,
                        const ManifestWriter& writer) {
    const std::string at =
        (parameters.output_uri.ends_with('/') ? parameters.output_uri
                                              : parameters.output_uri + '/') +
        ingest::manifest_folder(parameters, to_int64(job));
    std::string json =
        R"({"jobSummary":{"jobId":)" + to_json_string(ingest::service_job_id(to_int64(job)));
    json += R"(,"datastoreId":)" + to_json_string(parameters.datastore_id);
    json += R"(,"inputS3Uri":)" + to_json_string(parameters.input_uri);
    json += R"(,"outputS3Uri":)" + to_json_string(parameters.output_uri);
    json += R"(,"successOutputS3Uri":)" + to_json_string(at + "/SUCCESS/");
    json += R"(,"failureOutputS3Uri":)" + to_json_string(at + "/FAILURE/");
    return json + ',' + writer.summary_members() + "}}\n";
}

}  // namespace

Result<void> write_manifest(const ManifestOf& of, ManifestOutput& output) {
    TRY(auto successes, output.begin("SUCCESS/success.ndjson"));
    TRY(auto failures, output.begin("FAILURE/failure.ndjson"));
    ManifestWriter writer(of.database, of.catalog, std::move(successes), std::move(failures));
    TRY_VOID(add_report(of.database, of.job, writer));
    TRY_VOID(writer.finish());
    return output.put("job-output-manifest.json", job_summary(of.job, of.parameters, writer));
}

}  // namespace larmor::workers

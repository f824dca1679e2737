#include "ingest/manifest_parameters.h"

#include <simdjson.h>

#include <algorithm>

#include "base/json_text.h"
#include "base/percent.h"

namespace larmor::ingest {
namespace {

constexpr std::string_view kScheme = "file://";
constexpr std::size_t kJobIdSize = 32;

/// The texts by their names, in both directions.
template <typename Parameters>
auto texts_of(Parameters& parameters) {
    return std::array{std::pair("datastore_id", &parameters.datastore_id),
                      std::pair("job_name", &parameters.job_name),
                      std::pair("data_access_role_arn", &parameters.data_access_role_arn),
                      std::pair("input_uri", &parameters.input_uri),
                      std::pair("output_uri", &parameters.output_uri)};
}

}  // namespace

bool is_bucket_uri(std::string_view uri) {
    return uri.starts_with("s3://");
}

Result<void> check_place_uri(std::string_view uri) {
    if (is_bucket_uri(uri)) return {};  // which one is for those who know which there may be
    TRY_VOID(path_of_file_uri(uri));
    return {};
}

Result<std::filesystem::path> path_of_file_uri(std::string_view uri) {
    const auto wrong = [] {
        return fail(ErrorCode::InvalidInput,
                    "a place of an import is a folder of the server, file:///absolute/path, "
                    "without .. in it, or s3://bucket/prefix/");
    };
    if (!uri.starts_with(kScheme)) return wrong();
    const auto text = percent_decode(uri.substr(kScheme.size()));
    if (!text || !text->starts_with('/') || text->find('\0') != std::string::npos) {
        return wrong();
    }
    const std::filesystem::path path(*text);
    if (std::ranges::find(path, "..") != path.end()) return wrong();
    return path;
}

std::string to_json(const ManifestParameters& parameters) {
    std::string json = "{";
    for (const auto& [name, value] : texts_of(parameters)) {
        if (json.size() > 1) json += ',';
        append_json_string(json, name);
        json += ':';
        append_json_string(json, *value);
    }
    return json + '}';
}

Result<ManifestParameters> parse_manifest_parameters(std::string_view json) {
    ManifestParameters parameters;
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    if (parser.parse(json.data(), json.size()).get(object) != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput, "the parameters are a JSON object");
    }
    for (const auto& [name, value] : texts_of(parameters)) {
        std::string_view text;
        if (object[name].get(text) != simdjson::SUCCESS) {
            return fail(ErrorCode::InvalidInput,
                        "the parameter " + std::string(name) + " is missing, a text");
        }
        *value = text;
    }
    TRY_VOID(check_place_uri(parameters.input_uri));
    TRY_VOID(check_place_uri(parameters.output_uri));
    return parameters;
}

std::string service_job_id(std::int64_t job) {
    std::string digits = std::to_string(job);
    return std::string(kJobIdSize - std::min(kJobIdSize, digits.size()), '0') + digits;
}

std::string manifest_folder(const ManifestParameters& parameters, std::int64_t job) {
    return parameters.datastore_id + "-DicomImport-" + service_job_id(job);
}

}  // namespace larmor::ingest

#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor::ingest {

/// Of a job that was started by StartDICOMImportJob of HealthImaging's API, which shows them
/// again as they came.
struct ManifestParameters {
    std::string datastore_id;
    std::string job_name;
    std::string data_access_role_arn;  ///< kept and shown; nothing is done with it
    std::string input_uri;             ///< `file:///data/in/` or `s3://bucket/in/`
    std::string output_uri;
};

bool is_bucket_uri(std::string_view uri);
/// Errors: InvalidInput for a URI that is neither of a folder nor of a bucket.
Result<void> check_place_uri(std::string_view uri);

/// The path of `file:///data/in/`, of which percent escapes are decoded. Errors: InvalidInput
/// for another scheme, a host, a path that is not absolute or has `..` in it.
Result<std::filesystem::path> path_of_file_uri(std::string_view uri);

std::string to_json(const ManifestParameters& parameters);
/// Errors: InvalidInput that names the member.
Result<ManifestParameters> parse_manifest_parameters(std::string_view json);

/// The job's id as that API has it: 32 digits.
std::string service_job_id(std::int64_t job);
/// The folder in which the output is: `<datastoreId>-DicomImport-<jobId>`.
std::string manifest_folder(const ManifestParameters& parameters, std::int64_t job);

}  // namespace larmor::ingest

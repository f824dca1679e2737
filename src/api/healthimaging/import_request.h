#pragma once
#include <string>
#include <string_view>

#include "ingest/manifest_parameters.h"

namespace larmor::api {

/// What StartDICOMImportJob asks for.
struct ImportRequest {
    ingest::ManifestParameters parameters;
    std::string client_token;  ///< empty: none
};

/// Its body: `{"jobName":"..","dataAccessRoleArn":"..","clientToken":"..","inputS3Uri":"..",
/// "outputS3Uri":".."}`. Errors: InvalidInput that names the member.
Result<ImportRequest> parse_import_request(std::string_view json, std::string datastore_id);

}  // namespace larmor::api

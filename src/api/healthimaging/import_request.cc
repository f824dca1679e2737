#include "api/healthimaging/import_request.h"

#include <simdjson.h>

#include <algorithm>

namespace larmor::api {
namespace {

constexpr std::size_t kTokenMaxBytes = 64;
constexpr std::size_t kNameMaxBytes = 256;
constexpr std::size_t kUriMaxBytes = 1024;

tl::unexpected<Error> wrong_import(std::string_view name, std::string_view what) {
    return fail(ErrorCode::InvalidInput, std::string(name) + " is " + std::string(what));
}

}  // namespace

Result<ImportRequest> parse_import_request(std::string_view json, std::string datastore_id) {
    simdjson::dom::parser parser;
    simdjson::dom::object root;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
        return wrong_import("the body", "no JSON object");
    }
    ImportRequest request;
    auto& parameters = request.parameters;
    parameters.datastore_id = std::move(datastore_id);
    std::string owner;  // of the bucket: the server's credentials decide
    struct Member {
        std::string_view name;
        std::string* value;
        std::size_t bytes_max;
    };
    const Member members[] = {
        {"jobName", &parameters.job_name, kNameMaxBytes},
        {"dataAccessRoleArn", &parameters.data_access_role_arn, kUriMaxBytes},
        {"clientToken", &request.client_token, kTokenMaxBytes},
        {"inputS3Uri", &parameters.input_uri, kUriMaxBytes},
        {"outputS3Uri", &parameters.output_uri, kUriMaxBytes},
        {"inputOwnerAccountId", &owner, kNameMaxBytes}};
    for (const auto [name, element] : root) {
        const auto* const member = std::ranges::find(members, name, &Member::name);
        if (member == std::end(members)) return wrong_import(name.substr(0, 40), "not known");
        std::string_view text;
        if (element.get(text) != simdjson::SUCCESS || text.size() > member->bytes_max) {
            return wrong_import(
                name, "a text of at most " + std::to_string(member->bytes_max) + " bytes");
        }
        *member->value = text;
    }
    for (const auto* uri : {&parameters.input_uri, &parameters.output_uri}) {
        TRY_VOID(ingest::check_place_uri(*uri));
    }
    if (parameters.data_access_role_arn.empty()) {
        return wrong_import("dataAccessRoleArn", "missing: any ARN will do here");
    }
    return request;
}

}  // namespace larmor::api

#include "api/healthimaging/resource_arn.h"

#include <algorithm>

#include "api/healthimaging/service_request.h"

namespace larmor::api {
namespace {

constexpr std::string_view kService = ":medical-imaging:";
constexpr std::string_view kDatastore = "datastore/";
constexpr std::string_view kImageSet = "/imageset/";
constexpr std::size_t kIdSize = 32;

tl::unexpected<Error> no_arn() {
    return fail(ErrorCode::InvalidInput,
                "resourceArn is not arn:aws:medical-imaging:REGION:ACCOUNT:datastore/ID or "
                ".../datastore/ID/imageset/ID");
}

}  // namespace

Result<ResourceName> parse_resource_arn(std::string_view arn) {
    // arn : partition : service : region : account : resource
    if (!arn.starts_with("arn:aws")) return no_arn();
    arn.remove_prefix(3);
    const auto partition = std::min(arn.find(':', 1), arn.size());
    arn.remove_prefix(partition);
    if (!arn.starts_with(kService)) return no_arn();
    arn.remove_prefix(kService.size());
    for (int part = 0; part < 2; ++part) {
        const auto colon = arn.find(':');
        if (colon == std::string_view::npos) return no_arn();
        arn.remove_prefix(colon + 1);
    }
    if (!arn.starts_with(kDatastore)) return no_arn();
    arn.remove_prefix(kDatastore.size());
    ResourceName name{.datastore_id = std::string(arn.substr(0, kIdSize)), .image_set_id = {}};
    arn.remove_prefix(name.datastore_id.size());
    if (!is_service_id(name.datastore_id)) return no_arn();
    if (arn.empty()) return name;
    if (!arn.starts_with(kImageSet) || !is_service_id(arn.substr(kImageSet.size()))) {
        return no_arn();
    }
    name.image_set_id = arn.substr(kImageSet.size());
    return name;
}

}  // namespace larmor::api

#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor::api {

/// What an ARN of ours names: the datastore, or an image set of it.
struct ResourceName {
    std::string datastore_id;
    std::string image_set_id;  ///< empty: the datastore itself
};

/// Reads `arn:aws:medical-imaging:REGION:ACCOUNT:datastore/ID` with or without
/// `/imageset/ID`, whatever region and account: clients have those that they are set up with.
/// Errors: InvalidInput.
Result<ResourceName> parse_resource_arn(std::string_view arn);

}  // namespace larmor::api

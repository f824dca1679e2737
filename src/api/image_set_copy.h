#pragma once
#include <string_view>

#include "api/context.h"
#include "catalog/copy.h"
#include "http/message.h"

namespace larmor::api {

/// The body of a copy: `latestVersionId`, `instances`, `destination` (`imageSetId`,
/// `latestVersionId`), `promoteToPrimary`, `force`. Errors: InvalidInput that names the member.
Result<catalog::CopyRequest> parse_copy_body(std::string_view json);

/// POST /v1/image-sets/{imageSet}/copy.
http::Task<http::Response> post_image_set_copy(ContextPtr context, http::Request request);

}  // namespace larmor::api

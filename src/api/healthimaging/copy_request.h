#pragma once
#include <string>
#include <string_view>

#include "catalog/copy.h"

namespace larmor::api {

/// The request of CopyImageSet: the query (`force`, `promoteToPrimary`) and the body, which has
/// the versions that were seen, and perhaps which instances are copied: a text with
/// `{"Study":{"Series":{"<Series Instance UID>":{"Instances":{"<SOP Instance UID>":{}}}}}}`.
/// Errors: InvalidInput that names the member.
Result<catalog::CopyRequest> parse_copy_request(std::string source, std::string_view query,
                                                std::string_view body);

}  // namespace larmor::api

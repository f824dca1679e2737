#pragma once
#include <string>
#include <string_view>

#include "catalog/edit.h"

namespace larmor::api {

/// The request of UpdateImageSetMetadata: the query `latestVersion=3`, `force`,
/// `includeStudyImageSets`, and the body, either `{"DICOMUpdates":{..}}` with documents in
/// base64 or `{"revertToVersionId":"1"}`. Errors: InvalidInput that names the member,
/// LimitExceeded; those of edits::read_updatable.
Result<catalog::EditRequest> parse_update_request(std::string_view query,
                                                  std::string_view body);

}  // namespace larmor::api

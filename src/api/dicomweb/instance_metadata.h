#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "api/context.h"
#include "catalog/records.h"
#include "edits/change.h"
#include "preprocess/prepare.h"

namespace larmor::api {

/// Of one instance: thousands of frames with functional groups of their own.
inline constexpr std::uint64_t kMetadataMaxBytes = std::uint64_t{1} << 30;

/// Appends the metadata of an instance, one object of the DICOM JSON model with its bulk data
/// where it is served now: what was prepared, or made now where preprocess has not come to it,
/// with what was edited since. Blocks. Errors: LimitExceeded for more than `max_bytes` that
/// were prepared, those of the store and of reading the data set; some of it may be appended
/// then.
Result<void> append_instance_metadata(const Context& context,
                                      const catalog::StoredInstance& instance,
                                      const preprocess::ServiceUrls& urls, std::string& out,
                                      std::uint64_t max_bytes = kMetadataMaxBytes);
/// The same with these changes instead of those of the latest version.
Result<void> append_instance_metadata(const Context& context,
                                      const catalog::StoredInstance& instance,
                                      const edits::Changes& changes,
                                      const preprocess::ServiceUrls& urls, std::string& out,
                                      std::uint64_t max_bytes = kMetadataMaxBytes);

}  // namespace larmor::api

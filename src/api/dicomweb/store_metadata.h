#pragma once
#include "api/context.h"
#include "api/dicomweb/store_outcome.h"

namespace larmor::api {

/// One part with all instances, or one for each instance.
inline constexpr std::string_view kMetadataMediaType = "application/dicom+json";
inline constexpr std::string_view kXmlMetadataMediaType = "application/dicom+xml";
/// Of all metadata of one request, which is read in memory.
inline constexpr std::uint64_t kStoreMetadataMaxBytes = std::uint64_t{64} << 20;

/// STOW-RS of metadata and bulk data: multipart/related; type="application/dicom+json" or
/// "application/dicom+xml" (`type`), whose first parts are metadata (each of either kind) and
/// whose others are named by BulkDataURIs in it. Each instance is
/// built (build_instance) and goes the way of every other; what is wrong with one costs that
/// one. A part that no instance names is told as a failure of its own.
/// Errors: those of the body; LimitExceeded for the metadata.
/// Source: PS3.18 section 10.5.1.
http::Task<Result<void>> store_metadata(ContextPtr context, const http::Request& request,
                                        std::string_view type, ingest::ImportOptions options,
                                        StoreOutcome& outcome);

}  // namespace larmor::api

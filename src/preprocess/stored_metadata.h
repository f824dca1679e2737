#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "catalog/records.h"
#include "objects/object_store.h"
#include "preprocess/prepare.h"

namespace larmor::preprocess {

/// Where the metadata of an instance are read: what was prepared, or the instance itself where
/// preprocess has not come to it.
struct StoredMetadata {
    objects::ObjectLocation location;
    bool is_prepared = false;
};
/// Errors: those of the store.
Result<StoredMetadata> locate_metadata(objects::ObjectStore& store, db::Snapshot& snapshot,
                                       const catalog::StoredInstance& instance);
/// In a snapshot of its own. Blocks.
Result<StoredMetadata> locate_metadata(objects::ObjectStore& store,
                                       const catalog::StoredInstance& instance);

/// Appends them to `out`, one object of the DICOM JSON model as it was before all edits, with
/// bulk data where the instance is served now. Blocks. Errors: LimitExceeded for more than
/// `max_bytes` that were prepared; those of the store and of reading the data set. Some of it
/// may be appended then.
Result<void> append_stored_metadata(objects::ObjectStore& store, const StoredMetadata& stored,
                                    const catalog::StoredInstance& instance,
                                    const ServiceUrls& urls, std::uint64_t max_bytes,
                                    std::string& out);

}  // namespace larmor::preprocess

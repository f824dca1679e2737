#pragma once
#include "base/bytes.h"
#include "catalog/records.h"
#include "dicom/file.h"

namespace larmor::ingest {

/// Reads what the catalog wants to know of an instance into `record`, all but the stored file.
/// What could be read before an error stays in `record`, so that a report can name the
/// instance. The whole data set is walked, sequences and fragments too: a file that breaks off
/// anywhere is refused. Pixel bytes are not touched. Errors: InvalidInput with offset and tag
/// for a broken data set, with the keyword for a missing or unusable UID; Unsupported for a
/// DICOMDIR.
Result<void> scan(const dicom::File& file, catalog::InstanceRecord& record);

}  // namespace larmor::ingest

#pragma once
#include "catalog/records.h"
#include "dicom/values.h"

namespace larmor::catalog {

/// Fills in what the catalog has columns for. Text over 1024 bytes is cut (never in the file):
/// LO and PN groups have 64 characters, and a hostile one must not fill the index. Of the items
/// of RequestAttributesSequence the first 32 with a value. Errors: those of dicom::Reader.
Result<void> read_record(const dicom::Attributes& attributes, InstanceRecord& record);

}  // namespace larmor::catalog

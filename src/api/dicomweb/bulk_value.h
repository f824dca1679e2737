#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "dicom/file.h"
#include "dicom/json_write.h"

namespace larmor::api {

/// What stands behind `/bulkdata/` in our metadata: `7FE00010`, or `00080008/0/00091010` inside
/// a sequence.
struct BulkDataPath {
    std::vector<dicom::ItemStep> steps;
    dicom::Tag tag;
};
/// Errors: InvalidInput; LimitExceeded for more steps than data sets are read deep.
Result<BulkDataPath> parse_bulk_data_path(std::string_view text);

/// A value found in a data set.
struct FoundValue {
    dicom::Vr vr = dicom::vr::UN;
    std::size_t offset = 0;  ///< of the value, in bytes from the start of the data set
    Bytes value;             ///< empty for fragments
    bool encapsulated = false;
};
/// Errors: NotFound where nothing is there, and where it is a sequence; those of Reader.
Result<FoundValue> find_bulk_value(const dicom::File& file, const BulkDataPath& path);

}  // namespace larmor::api

#pragma once
#include <string>
#include <string_view>

namespace larmor::api {

/// Which instance an object of the DICOM JSON model is of, to name it where it can't be read:
/// as far as it says so, and as far as they are UIDs.
struct MetadataUids {
    std::string study;
    std::string series;
    std::string sop_class;
    std::string sop_instance;
};
MetadataUids uids_of_metadata(std::string_view json);

}  // namespace larmor::api

#pragma once
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/multipart.h"

namespace larmor::api {

/// How metadata and the results of a search go out: as one JSON array, or each as a part of
/// `multipart/related; type="application/dicom+xml"`, the Native DICOM Model.
struct MetadataForm {
    std::string media_type;  ///< of the array or of each part
    bool xml = false;
};
/// Of what the client accepts the form of the higher weight, JSON of equal ones. Errors:
/// Unsupported (406). Source: PS3.18 sections 8.7.3.2, 8.7.3.5.1 and 8.7.8.1.
Result<MetadataForm> choose_metadata_form(const http::Request& request);

/// For the bodies whose form is XML.
http::MultipartWriter xml_writer();
/// Appends every object of a JSON array as a part. Errors: those of dicom::native_xml_of.
Result<void> append_xml_parts(http::MultipartWriter& writer, std::string_view json_array,
                              std::string& out);

}  // namespace larmor::api

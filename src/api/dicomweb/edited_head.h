#pragma once
#include "base/bytes.h"
#include "dicom/file.h"
#include "edits/change.h"

namespace larmor::api {

/// How much of a data set lies before Pixel Data and what may follow it: all that edits change.
/// Errors: those of dicom::Reader.
Result<std::size_t> head_size(const dicom::File& file);

/// That part with the changes made, in `encoding` (little endian). Errors: those of
/// edits::apply_to_data_set and dicom::rewrite.
Result<ByteBuffer> edited_head(const dicom::File& file, dicom::Encoding encoding,
                               const edits::Changes& changes);

/// Whether an edited instance can go out in the transfer syntax in which it is stored: pixels
/// go on as they are, so not in Big Endian, nor deflated.
bool can_be_edited_as_stored(std::string_view transfer_syntax_uid);

}  // namespace larmor::api

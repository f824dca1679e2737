#pragma once
#include "base/bytes.h"
#include "dicom/reader.h"
#include "edits/change.h"

namespace larmor::edits {

/// Makes the changes, in their order, in a data set, or in what lies before its Pixel Data: no
/// change is of what follows it. What is not changed goes on byte for byte, group lengths
/// apart. Behind the other items of Original Attributes Sequence comes one with the values that
/// the file came with. Where the declared character set can't hold new text (anything beyond
/// ASCII but in UTF-8) the whole data set is written again as ISO_IR 192, items included.
/// Errors: those of dicom::Reader; Unsupported for Big Endian; Corrupt for changes that do not
/// read as DICOM JSON.
Result<ByteBuffer> apply_to_data_set(Bytes data_set, dicom::Encoding encoding,
                                     const Changes& changes);

}  // namespace larmor::edits

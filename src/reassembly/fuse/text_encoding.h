#pragma once
#include "base/bytes.h"
#include "base/result.h"

namespace larmor::reassembly::fuse {

/// Encodes the text of a data set, which is UTF-8 throughout, by the (0008,0005) that it and
/// its items declare. Where one of them can't hold a character of its text, text stays UTF-8
/// and each (0008,0005) with a value becomes ISO_IR 192, in items too. Takes and gives Explicit
/// VR Little Endian with sequences and items of defined length. Errors: those of dicom::Reader.
/// Source: PS3.3 section C.12.1.1.2.
Result<ByteBuffer> encode_text(ByteBuffer data_set);

}  // namespace larmor::reassembly::fuse
